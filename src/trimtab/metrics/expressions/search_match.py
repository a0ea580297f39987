"""How a term of SEARCH meets a name or value.

A term in double quotes is the whole string. Any other is split as names are (tokens.py): a word that is one token
matches in any case; a word of several, like `CustomCount`, matches those tokens one after the other with its case, and
so do words that signs hold together, as in `network-errors`. A whole word or name also matches in any case without its
signs. Source: "CloudWatch search expressions: Tokenization" and "Partial matches".
"""

from functools import lru_cache

from trimtab.metrics.expressions.search_text import Term
from trimtab.metrics.tokens import parts_of

Runs = tuple[tuple[str, ...], ...]


class Matcher:
    """Whether one term is in strings; remembers every string that it was asked about."""

    def __init__(self, term: Term) -> None:
        self.property = term.property
        self._exact = term.text if term.exact else None
        self._runs = parts_of(term.text)
        # (text, whether the case counts) of every token wanted, one after the other.
        self._wanted = [(part, len(run) > 1) for run in self._runs for part in run]
        self._whole = "".join(part for part, _ in self._wanted).lower()
        self._known: dict[str, bool] = {}

    def matches(self, text: str) -> bool:
        """Whether the term is in `text`."""
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = text == self._exact if self._exact is not None else self._partly(text)
        return found

    def _partly(self, text: str) -> bool:
        if not self._wanted:
            return False
        runs = _runs_of(text)
        parts = [part for run in runs for part in run]
        if self._whole in {"".join(parts).lower(), *("".join(run).lower() for run in runs)}:
            return True
        last = len(parts) - len(self._wanted)
        return any(self._at(parts, at) for at in range(last + 1))

    def _at(self, parts: list[str], at: int) -> bool:
        return all(
            part == wanted if cased else part.lower() == wanted.lower()
            for (wanted, cased), part in zip(self._wanted, parts[at:], strict=False)
        )


@lru_cache(maxsize=65_536)  # Names and values repeat over searches; splitting costs more than finding.
def _runs_of(text: str) -> Runs:
    return parts_of(text)
