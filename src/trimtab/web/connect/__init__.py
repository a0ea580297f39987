"""Connecting sources from a page: what is near, what is being read, and what each makes possible."""
