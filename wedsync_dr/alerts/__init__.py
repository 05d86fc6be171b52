"""Telling people what is wrong, once, in words."""
