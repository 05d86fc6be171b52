"""Telling people what is wrong."""
