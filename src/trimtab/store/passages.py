"""Passages of text that words find: SQLite's FTS5 over an index in memory, which no file keeps."""

import re
import sqlite3
import threading
from collections.abc import Iterable, Sequence

from msgspec import Struct

from trimtab.base.errors import Unavailable

MARKED = "\x02", "\x03"
"""What stands before and after a word that was looked for, in a passage: two characters that no text has."""
_TABLE = (
    "CREATE VIRTUAL TABLE passages USING fts5(title, heading, body, tokenize = 'porter unicode61 remove_diacritics 2')"
)
_FIND = "SELECT rowid, bm25(passages, 8.0, 5.0, 1.0) AS fit FROM passages WHERE passages MATCH ? ORDER BY fit LIMIT ?"
"""A word of a title says more of what a passage is about than a word of its heading, and that more than its text."""
_EXCERPT = "SELECT snippet(passages, 2, ?, ?, '…', 28) FROM passages WHERE passages MATCH ? AND rowid = ?"
_AROUND = re.compile(r"^\W+|['’]s$|\W+$")
"""What stands around a word of a question and is none of it."""
_HARMFUL = re.compile(r"[\x00-\x1f\"]")
"""What would end a word within its marks."""
_STOP = frozenset(
    re.findall(
        r"\w+",
        "a about am an and any are as at be been but by can could did do does for from get had has have how i if in"
        " into is it its let me my not of on or our shall should so some than that the their them then there these they"
        " this those to up us was we were what when where which while why will with would you your",
    )
)
"""Words of questions that say nothing of what is asked for."""


class Match(Struct, frozen=True):
    """A passage that was found: which it was of those indexed, and how well it fits (more is better)."""

    index: int
    fit: float


class Passages:
    """An index of passages (title, heading, text), made once. Threads may ask it at the same time.

    Raises Unavailable where this Python's SQLite was built without FTS5.
    """

    def __init__(self, texts: Iterable[tuple[str, str, str]]) -> None:
        self._lock = threading.Lock()
        self._base = sqlite3.connect(":memory:", check_same_thread=False)
        try:
            self._base.execute(_TABLE)
        except sqlite3.OperationalError as problem:
            self._base.close()
            raise Unavailable(f"cannot search texts: this Python's SQLite has no FTS5 ({problem})") from None
        rows = ((index, *text) for index, text in enumerate(texts))
        self._base.executemany("INSERT INTO passages(rowid, title, heading, body) VALUES (?, ?, ?, ?)", rows)

    def find(self, text: str, most: int) -> list[Match]:
        """The passages with the words of `text`, those that fit best first. The last word may be a beginning of one."""
        asked = query(text)
        if not asked:
            return []
        with self._lock:
            found = self._base.execute(_FIND, (asked, most)).fetchall()
        return [Match(index, -rank) for index, rank in found]

    def excerpt(self, text: str, index: int) -> str:
        """The part of a passage that was found for `text` around its words, which are marked."""
        with self._lock:
            row = self._base.execute(_EXCERPT, (*MARKED, query(text), index)).fetchone()
        return str(row[0]) if row else ""

    def close(self) -> None:
        """Give the memory back."""
        self._base.close()


def query(text: str) -> str:
    """What FTS5 is asked for `text`: any of its words, without those that every question has; "" where it has none.

    What has marks within (`chat-70b`, `TRIMTAB_DATA_DIR`) is looked for whole.
    """
    asked = telling(text)
    last = f' OR "{asked[-1]}"*' if asked and len(asked[-1]) > 1 and not text[-1:].isspace() else ""
    return " OR ".join(f'"{word}"' for word in asked) + last


def telling(text: str) -> Sequence[str]:
    """The words of a question that say what is asked for; all of them where none does."""
    bare = (_AROUND.sub("", _AROUND.sub("", word)) for word in _HARMFUL.sub(" ", text).split())
    words = [word for word in bare if word]
    return [word for word in words if word.casefold() not in _STOP] or words
