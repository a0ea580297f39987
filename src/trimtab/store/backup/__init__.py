"""Backups of the data directory, made while trimtab runs, and what brings them back."""
