"""One thing that is planted in the demo for the product to find."""

from msgspec import Struct


class Plant(Struct, frozen=True):
    """One planted thing. `resources` are GPU UUIDs, names of nodes or endpoints, words of the bill: what findings name.

    `dollars_per_hour` is what it wastes, 0 where it wastes no money by itself. Times in ms; `page` is a path.
    """

    id: str
    page: str
    title: str
    account: str
    team: str
    resources: tuple[str, ...]
    since_ms: int
    dollars_per_hour: float = 0.0
