"""Putting a scope back."""
