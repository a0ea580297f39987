"""Named queries: every room keeps its SQL in `queries.sql`, each query under a name and a sentence.

-- name: series_since
-- Every series that was ever registered.
-- The series that were first seen since a time.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources

_HEADER = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


@cache
def load_queries(package: str, file: str = "queries.sql") -> Mapping[str, str]:
    """The queries of `file` beside `package`, by name. A repeated name is a bug and raises ValueError."""
    text = resources.files(package).joinpath(file).read_text(encoding="utf-8")
    parts = _HEADER.split(text)
    queries: dict[str, str] = {}
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        if name in queries:
            raise ValueError(f"two queries named {name!r} in {package}/{file}")
        queries[name] = body.strip().rstrip(";")
    return queries
