"""Event rules: events are matched to patterns and delivered to targets, and pipelines are started once."""
