"""Where price lists are: AWS's own site or a file, packed or not, as a stream of text that is never held whole."""

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import httpx

from trimtab.base.errors import InvalidInput, SetupError, Unavailable
from trimtab.sources.http import describe
from trimtab.sources.price_lists import offer_csv, offer_json
from trimtab.sources.price_lists.model import Offer

SITE = "https://pricing.us-east-1.amazonaws.com"
"""Where AWS publishes its price lists, for everyone and without credentials. Source: "Getting price list files"."""
_TIMEOUT_S = 60.0


def url_of(service: str, region: str, site: str = SITE) -> str:
    """The current list of a service in a region."""
    return f"{site.rstrip('/')}/offers/v1.0/aws/{service}/current/{region}/index.csv"


@contextmanager
def opened(place: str, region: str) -> Iterator[Offer]:
    """The offer at a path or an http(s) URL, by its name JSON or CSV. Raises InvalidInput, SetupError, Unavailable."""
    with _stream(place) as raw:
        head = raw.peek(2)[:2]
        unpacked = cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if head == b"\x1f\x8b" else raw
        with io.TextIOWrapper(unpacked, encoding="utf-8", errors="replace", newline="") as text:
            try:
                name = place.partition("?")[0].removesuffix(".gz")
                if name.endswith(".json"):
                    yield offer_json.read(text.read, region, place)
                else:
                    yield offer_csv.read(text, region, place)
            except (EOFError, gzip.BadGzipFile) as problem:
                raise InvalidInput(f"cannot read {place}: {problem}") from None


@contextmanager
def _stream(place: str) -> Iterator[io.BufferedReader]:
    if not place.startswith(("http://", "https://")):
        try:
            file = Path(place).expanduser().open("rb")
        except OSError as problem:
            raise SetupError(f"cannot read {place}: {problem}") from None
        with file:
            yield file
        return
    try:
        with httpx.stream("GET", place, timeout=_TIMEOUT_S, follow_redirects=True) as answer:
            if answer.status_code != 200:
                raise Unavailable(f"cannot read {place}: HTTP {answer.status_code}")
            yield io.BufferedReader(_Chunks(answer.iter_bytes()), 1 << 20)
    except httpx.HTTPError as problem:
        raise Unavailable(f"cannot read {place}: {describe(problem)}") from None


class _Chunks(io.RawIOBase):
    """An iterator of bytes as a raw file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__()
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill the buffer as far as one chunk goes."""
        into = memoryview(buffer)  # type: ignore[arg-type]  # whatever has the buffer protocol
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = chunk
        part = self._rest[: len(into)]
        into[: len(part)] = part
        self._rest = self._rest[len(part) :]
        return len(part)
