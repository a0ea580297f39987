"""A tool a file, each with `TOOL`: `toolbox.py` finds them by listing this package."""
