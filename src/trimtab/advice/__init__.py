"""Advice: checks over facts, right-sizing, purchase options, and the ledger of what was saved."""
