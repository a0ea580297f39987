"""What travels over `/rest/v1/load-tests`: results as they were made, with their ids and what machines cost."""

from msgspec import Struct

from trimtab.inference.result import Interval, Level, LoadTest, Overhead, Window

__all__ = ["Interval", "Kept", "Level", "LoadTest", "Overhead", "Removed", "Tests", "Window"]


class Kept(Struct, frozen=True):
    """A test as it is kept: with its id, who recorded it, and what an hour of its machine costs by list."""

    id: str
    test: LoadTest
    recorded_ms: int
    cost_per_hour: str | None = None
    currency: str = "USD"
    cost_per_1k: str | None = None


class Tests(Struct, frozen=True):
    """Tests, the newest first."""

    tests: list[Kept]


class Removed(Struct, frozen=True):
    """The id of what was deleted."""

    removed: str
