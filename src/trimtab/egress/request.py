"""A request ready to be sent over HTTP, and what came back."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One HTTP request. Neither URL, headers nor body are shown in logs: they may hold what is nobody's business."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Answered:
    """What the receiver said: `body` as far as it was read, `text` its beginning for people."""

    status: int
    text: str = ""
    retry_after: str = ""
    location: str = ""
    body: bytes = field(default=b"", repr=False)
