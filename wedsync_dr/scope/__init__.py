"""Whose row is it: catalogue and rules in, one owner per row out."""
