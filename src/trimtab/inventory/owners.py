"""Whose a resource is, by its tags alone: the first of the names that people give the tag of a team."""

from collections.abc import Mapping

NAMES = ("team", "owner", "squad", "project", "costcenter", "cost-center")
"""Names of tags, in capitals or not; the first that is there counts. Allocation rules say it better, of costs."""


def owner_of(tags: Mapping[str, str]) -> str:
    """The owner; "" where no tag tells."""
    known = {name.casefold(): value for name, value in tags.items()}
    return next((known[name] for name in NAMES if known.get(name)), "")
