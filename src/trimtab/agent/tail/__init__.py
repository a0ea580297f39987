"""Follows log files: which they are, how far each was read, and what becomes of their lines."""
