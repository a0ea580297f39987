"""Lines with their variable parts masked: in Python, and as an expression of the engine."""

import re2

from trimtab.logs.patterns.rules import RULES

_COMPILED = tuple((re2.compile(rule.pattern), rule.replacement) for rule in RULES)
_ZEROS = str.maketrans("123456789", "0" * 9)
_MOST = 100_000  # shapes that are remembered: some ten megabytes


def mask(line: str) -> str:
    """One line, masked."""
    for pattern, replacement in _COMPILED:
        line = pattern.sub(replacement, line)
    return str(line).strip()


class Masker:
    """Masks many lines. Those that differ in digits only are masked once: to the rules, one digit is like another."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def mask(self, line: str) -> str:
        """One line, masked."""
        shape = line.translate(_ZEROS)
        found = self._known.get(shape)
        if found is None:
            if len(self._known) >= _MOST:
                self._known.clear()
            found = self._known[shape] = mask(shape)
        return found


def sql(column: str) -> str:
    """The engine's expression that masks `column`, a name or an expression that the caller trusts."""
    text = column
    for rule in RULES:
        text = f"replaceRegexpAll({text}, {_quoted(rule.pattern)}, {_quoted(rule.replacement)})"
    return f"trim({text})"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\x01", "\\x01")
    return f"'{escaped}'"
