"""Scaling: policies that decide how many, and what acts on them."""
