"""trimtab: see what each team's GPUs did and cost, what was wasted, and what to change."""

__version__ = "0.1.0"
