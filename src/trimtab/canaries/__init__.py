"""Canaries: checks of endpoints that run on a schedule, step by step, and what came of them."""
