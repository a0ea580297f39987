"""How text is split into search tokens: as CloudWatch's SEARCH splits metric names and dimension values.

Every run of letters and digits is a token, and so are its parts at changes of case and between letters and digits:
`NetworkOut2xx` has the tokens networkout2xx, network, out, 2 and xx. Case never matters.
"""

import re
from functools import lru_cache

_RUN = re.compile(r"[^\W_]+")
# `CPUUtilization` is CPU + Utilization: the last capital of a run begins the next word.
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\dA-Za-z_]+")


@lru_cache(maxsize=4096)  # Dimension names repeat; values are split once each, so more would only hold memory.
def tokens_of(text: str) -> frozenset[str]:
    """Every token of `text`, in lower case: whole runs and their parts."""
    found: set[str] = set()
    for run in _RUN.findall(text):
        found.add(run.lower())
        found.update(part.lower() for part in _PART.findall(run))
    return frozenset(found)


def words_of(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """The words of a search: (the whole word, its parts). A word matches as a whole token or by all its parts."""
    return [(run.lower(), tuple(part.lower() for part in _PART.findall(run))) for run in _RUN.findall(text)]


def parts_of(text: str) -> tuple[tuple[str, ...], ...]:
    """The runs of letters and digits of `text` in order, each as its parts, in the case that they have."""
    return tuple(tuple(_PART.findall(run)) for run in _RUN.findall(text))
