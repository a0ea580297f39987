"""Pipelines that rules start once: planned in a cool-down, started under a claim, followed to their end."""
