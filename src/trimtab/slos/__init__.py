"""Objectives of service levels: what counts as good, how much of it is promised, and what is left of the budget."""
