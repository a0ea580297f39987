"""Forgetting: all that is kept of an account, a team or a user goes, from everywhere, whatever is killed meanwhile."""
