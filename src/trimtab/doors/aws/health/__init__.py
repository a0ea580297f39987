"""AWS Health: what the fleet has to tell of its machines, as events."""
