"""Pulls from what a company has already: history first, then what comes. Clients of the public doors only."""
