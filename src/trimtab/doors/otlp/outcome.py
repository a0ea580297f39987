"""What came of an OTLP request of any signal, and who takes such requests."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from trimtab.base.errors import TrimtabError
from trimtab.doors.otlp.answer import Encoding
from trimtab.doors.writing import Refused


class Outcome(Struct, frozen=True):
    """How many points, records or spans were refused, and why, by source."""

    points_refused: int
    refused: Sequence[tuple[str, Refused]]


class Told(Protocol):
    """What an answer is made of."""

    @property
    def points_refused(self) -> int:
        """How many points, records or spans were refused."""
        ...

    @property
    def refused(self) -> Sequence[tuple[str, Refused]]:
        """Why, by source."""
        ...


class Takes(Protocol):
    """An intake: of metrics, of logs or of spans."""

    async def take(self, raw: bytes, encoding: Encoding, zipped: bool, account: str, key: str | None) -> Told:
        """Store one request; durable when this returns."""
        ...

    def complain(self, error: TrimtabError, user_agent: str, account: str) -> None:
        """Count a request that was refused whole, if that was its own fault."""
        ...
