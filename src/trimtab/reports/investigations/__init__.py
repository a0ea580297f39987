"""Investigations: everything that happened around a time, on one time line; kept with notes, written as a report."""
