"""`JsonWalk`: a JSON document of any size, walked member by member without ever being held whole.

    walk = JsonWalk(file.read)
    for key in walk.members():
        if key == "products":
            for sku in walk.members():
                product = walk.value()

Each key's value must be taken (`value`, `members` to its end, or `skip`) before the next key is asked for. Values that
are taken whole are decoded by the standard library at its speed; only the piece at hand is in memory.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from trimtab.base.errors import InvalidInput

_CHUNK = 1 << 20
_SPACE = re.compile(r"[ \t\r\n]*")
_MARKS = re.compile(r'["{}\[\]]')
_AFTER = frozenset(",}] \t\r\n")
_STRING_END = re.compile(r'["\\]')


class JsonWalk:
    """A walk over what `read` returns: text, "" at the end."""

    def __init__(self, read: Callable[[int], str]) -> None:
        self._read = read
        self._text = ""
        self._at = 0
        self._decoder = json.JSONDecoder()

    def members(self) -> Iterator[str]:
        """The keys of the object that stands here. Raises InvalidInput where none does."""
        self._expect("{")
        if self._next() == "}":
            self._at += 1
            return
        while True:
            key = self.value()
            if not isinstance(key, str):
                raise InvalidInput(f"cannot read JSON: got {str(key)[:40]!r}; expected the name of a member")
            self._expect(":")
            yield key
            mark = self._next()
            self._at += 1
            if mark == "}":
                return
            if mark != ",":
                raise InvalidInput(f"cannot read JSON: got {mark!r}; expected , or }}")

    def value(self) -> Any:
        """The value that stands here, whole."""
        self._next()
        while True:
            try:
                found, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError:
                if not self._more():
                    raise InvalidInput("cannot read JSON: it ends in the middle of a value") from None
                continue
            if isinstance(found, int | float) and self._text[end : end + 1] not in _AFTER and self._more():
                continue  # a number goes on, as 1e5 does after what may be a whole 1
            self._at = end
            return found

    def skip(self) -> None:
        """Pass over the value that stands here without making it."""
        if self._next() not in "{[":
            self.value()
            return
        depth = 0
        while True:
            mark = self._find(_MARKS)
            if mark == '"':
                self._pass_string()
            else:
                depth += 1 if mark in "{[" else -1
                if not depth:
                    return

    def _pass_string(self) -> None:
        while self._find(_STRING_END) == "\\":
            if self._at == len(self._text):
                self._more()
            self._at += 1

    def _find(self, pattern: re.Pattern[str]) -> str:
        """Go behind the next mark of a pattern; which it was."""
        while True:
            found = pattern.search(self._text, self._at)
            if found is not None:
                self._at = found.end()
                return found[0]
            self._at = len(self._text)
            if not self._more():
                raise InvalidInput("cannot read JSON: it ends too soon")

    def _next(self) -> str:
        """The next character that is no space."""
        while True:
            space = _SPACE.match(self._text, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                raise InvalidInput("cannot read JSON: it ends too soon")

    def _expect(self, mark: str) -> None:
        found = self._next()
        if found != mark:
            raise InvalidInput(f"cannot read JSON: got {found!r}; expected {mark!r}")
        self._at += 1

    def _more(self) -> bool:
        """Read on; what was walked over is let go. Whether there was more."""
        chunk = self._read(_CHUNK)
        self._text = self._text[self._at :] + chunk
        self._at = 0
        return bool(chunk)
