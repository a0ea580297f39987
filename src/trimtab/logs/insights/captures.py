"""What `parse` captures: by a regular expression, or by the places of a glob's texts, which is much faster."""

from collections.abc import Callable, Sequence

from trimtab.logs.fields import Parameters

Fresh = Callable[[], str]
"""A column name that is not in use."""


def of_regex(pattern: str, groups: int, text: str, parameters: Parameters, fresh: Fresh) -> tuple[list[str], list[str]]:
    """Columns that are needed, and the expression of each group; NULL where the pattern does not match."""
    found = fresh()
    column = f"extractGroups(ifNull({text}, ''), {parameters.text(pattern)}) AS {found}"
    return [column], [f"if(empty({found}) OR isNull({text}), NULL, {found}[{place}])" for place in range(1, groups + 1)]


def of_glob(parts: Sequence[str], text: str, parameters: Parameters, fresh: Fresh) -> tuple[list[str], list[str]]:
    """The same for a glob: each `*` takes as little as it can, the last one at the end all.

    The first place of each text after the one before is what a lazy expression finds, for `*` takes any character. No
    `if` stands around what reads the text: the engine would copy the rows for which it holds, which takes longer than
    to look at all of them. What is not found has no length, and a part of no length is NULL.
    """
    source, last = fresh(), len(parts) - 1
    columns = [f"ifNull({text}, '') AS {source}"]
    ends: list[str] = []
    starts: list[str] = []
    for place, part in enumerate(parts):
        at = fresh()
        if place == last and not part:
            columns.append(f"length({source}) + 1 AS {at}")
        elif place == 0:
            columns.append(f"position({source}, {parameters.text(part)}) AS {at}")
        else:
            columns.append(f"position({source}, {parameters.text(part)}, toUInt64({ends[-1]})) AS {at}")
        starts.append(at)
        ends.append(f"({at} + {len(part.encode())})")
    matches = " AND ".join([f"isNotNull({text})", *(f"{at} > 0" for at in starts)])
    pairs = zip(ends[:-1], starts[1:], strict=True)
    return columns, [
        f"substring({source}, {begin}, if({matches}, toInt64({end}) - toInt64({begin}), NULL))" for begin, end in pairs
    ]
