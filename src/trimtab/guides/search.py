"""Search over the documents: each answer is a page, with the section of it that fits best."""

import asyncio
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from msgspec import Struct

from trimtab.base.errors import Unavailable
from trimtab.guides.documents import Document, Section, folder, plain, read
from trimtab.store.passages import MARKED, Passages, telling

_LIKED = {"Guide": 1.0, "How to": 0.9, "Docs": 0.7, "Reference": 0.6}
"""A guide says what to do; a reference page has every word there is."""
_SCANNED = 400
"""Sections that are ranked: a third of all."""
_SECTIONS = 3
"""Sections that are shown of a page."""


class Place(Struct, frozen=True):
    """A section that was found, and the parts of its text around the words, each with whether it is such a word."""

    section: Section
    excerpt: tuple[tuple[str, bool], ...]


class Answer(Struct, frozen=True):
    """A page that was found, with its sections that fit best. `titled`: its title has all that was asked for."""

    document: Document
    places: tuple[Place, ...]
    titled: bool


class Guides:
    """The documents, read when somebody asks for one, and their index, made with the first search."""

    def __init__(self, place: Path | None = None) -> None:
        self._place = place
        self._lock = threading.Lock()

    @cached_property
    def place(self) -> Path:
        """The folder that they are in. Raises SetupError where they are not installed."""
        return self._place or folder()

    @cached_property
    def documents(self) -> dict[str, Document]:
        """Each by its path."""
        return {one.path: one for one in read(self.place)}

    @cached_property
    def _sections(self) -> Sequence[tuple[Document, Section]]:
        return [(one, section) for one in self.documents.values() for section in one.sections()]

    @cached_property
    def _passages(self) -> Passages:
        return Passages((one.title, section.heading, plain(section.text)) for one, section in self._sections)

    @cached_property
    def unsearched(self) -> str:
        """Why they cannot be searched here; "" where they can."""
        try:
            _ = self._passages
        except Unavailable as problem:
            return str(problem)
        return ""

    async def search(self, text: str, most: int) -> list[Answer]:
        """`find`, in a thread: the first call makes the index, which takes an eighth of a second."""
        return await asyncio.to_thread(self.find, text, most)

    def find(self, text: str, most: int) -> list[Answer]:
        """The pages that fit `text` best, each with its best sections first; by titles alone where there is no index.

        A page whose title has all that is asked for is about it: it counts twice.
        """
        words = [word.casefold() for word in telling(text)]
        titled = {path for path, one in self.documents.items() if _has(one.title, words)}
        with self._lock:
            if self.unsearched:
                return [Answer(one, (), True) for path, one in self.documents.items() if path in titled][:most]
        fits: dict[str, float] = {}
        places: dict[str, list[int]] = {}
        for found in self._passages.find(text, _SCANNED):
            document, _ = self._sections[found.index]
            fit = found.fit * _LIKED[document.kind] * (2 if document.path in titled else 1)
            fits[document.path] = max(fit, fits.get(document.path, 0.0))
            places.setdefault(document.path, []).append(found.index)
        best = sorted(fits, key=lambda path: -fits[path])[:most]
        return [
            Answer(
                self.documents[path],
                tuple(self._shown(text, index) for index in places[path][:_SECTIONS]),
                path in titled,
            )
            for path in best
        ]

    def _shown(self, text: str, index: int) -> Place:
        return Place(self._sections[index][1], parts(self._passages.excerpt(text, index)))


def _has(title: str, words: Sequence[str]) -> bool:
    return bool(words) and all(word in title.casefold() for word in words)


def parts(excerpt: str) -> tuple[tuple[str, bool], ...]:
    """An excerpt in parts: its words that were looked for, and what stands between them."""
    begin, end = MARKED
    found: list[tuple[str, bool]] = []
    for piece in " ".join(excerpt.split()).split(begin):
        word, ends, rest = piece.partition(end)
        found += [(word, True), (rest, False)] if ends else [(piece, False)]
    return tuple(one for one in found if one[0])
