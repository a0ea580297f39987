"""How SLURM's tools write things down: `Key=value` records, lists of hosts, times, and words for nothing.

Formats: scontrol(1), sacct(1) and hostlist expressions, of SLURM 19.05 to 25.05.
"""

import re
from collections.abc import Iterator
from datetime import datetime, tzinfo

from trimtab.base.clock import to_ms
from trimtab.base.errors import InvalidInput

NOTHING = frozenset({"", "(null)", "N/A", "n/a", "None", "none", "Unknown", "UNKNOWN", "None assigned", "NONE", "n/s"})
_KEY = re.compile(r"(?<!\S)([A-Z][A-Za-z0-9_:/]*)=")
_NONE = re.compile(r"No (jobs|nodes|clusters)( found)?( in the system)?\.?", re.IGNORECASE)
"""What scontrol prints in the place of records (scontrol(1), of SLURM 19.05 to 25.05)."""
_NOTHING_THERE = "No jobs in the system"
_ERROR = re.compile(r"(?i)\berror\b|slurm_load_|unable to contact|connection refused|timed out")
_COMMANDS = {"JobId": "scontrol show job -d", "NodeName": "scontrol show node -d"}
MOST_HOSTS = 100_000
"""Hosts that one expression may name: above the largest cluster there is, and below what a typing error makes."""


def known(text: str | None) -> str:
    """A value, or "" where the tool says that there is none."""
    return "" if text is None or text.strip() in NOTHING else text.strip()


def pairs_of(text: str) -> dict[str, str]:
    """The `Key=value` pairs of a record; a value goes on to the next key. Of a repeated key the first counts."""
    found: dict[str, str] = {}
    places = list(_KEY.finditer(text))
    for number, place in enumerate(places):
        end = places[number + 1].start() if number + 1 < len(places) else len(text)
        found.setdefault(place[1], text[place.end() : end].strip())
    return found


def records_of(text: str, first: str) -> Iterator[str]:
    """The records of `scontrol show`, which begin with the key `first`, one a line (-o) or several lines each.

    None where SLURM says that there are none (`No jobs in the system`) or nothing at all: an idle cluster is a cluster.
    Raises InvalidInput for an error of SLURM's, and for a text of another kind.
    """
    begins = [match.start() for match in re.finditer(rf"(?m)^\s*{first}=", text)]
    if not begins:
        _check_none(text, first)
    for number, start in enumerate(begins):
        yield text[start : begins[number + 1] if number + 1 < len(begins) else len(text)]


def _check_none(text: str, first: str) -> None:
    """Refuse a text without records that does not say that there are none."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    strange = next((line for line in lines if not _NONE.fullmatch(line)), None)
    if strange is None:
        return
    command = _COMMANDS[first]
    if _ERROR.search(strange):
        raise InvalidInput(
            f"cannot read SLURM's output: `{command}` says: {strange[:200]}; expected records {first}=…; "
            "try it again once the controller answers (`scontrol ping`)"
        )
    raise InvalidInput(
        f"cannot read SLURM's output: got {strange[:60]!r}; expected records {first}=…, or {_NOTHING_THERE!r}; "
        f"try the output of `{command}`"
    )


def time_ms(text: str | None, zone: tzinfo) -> int | None:
    """A time as the tools write it, local to `zone`, or epoch seconds; None for none. Raises InvalidInput."""
    said = known(text)
    if not said:
        return None
    if said.isdecimal():
        return int(said) * 1000
    try:
        return to_ms(datetime.fromisoformat(said).replace(tzinfo=zone))
    except ValueError:
        raise InvalidInput(
            f"cannot read time {said!r} of SLURM: expected 2026-11-25T10:00:00; is SLURM_TIME_FORMAT set?"
        ) from None


def hosts_of(text: str | None) -> list[str]:
    """The hosts of an expression: `p5-[01-03,07],login1` → p5-01, p5-02, p5-03, p5-07, login1. Raises InvalidInput."""
    said = known(text)
    found: list[str] = []
    for part in _parts(said):
        found += _expanded(part)
        if len(found) > MOST_HOSTS:
            raise InvalidInput(f"cannot read hosts {said[:60]!r}: they are more than {MOST_HOSTS:,}")
    return found


def _parts(text: str) -> Iterator[str]:
    """Split at the commas that are not within brackets."""
    depth, begun = 0, 0
    for at, letter in enumerate(text):
        depth += {"[": 1, "]": -1}.get(letter, 0)
        if letter == "," and not depth:
            yield text[begun:at]
            begun = at + 1
    if depth:
        raise InvalidInput(f"cannot read hosts {text[:60]!r}: a bracket is not closed")
    if text[begun:]:
        yield text[begun:]


def _expanded(part: str) -> list[str]:
    head, bracket, rest = part.partition("[")
    if not bracket:
        return [part]
    inside, _, tail = rest.partition("]")
    tails = _expanded(tail)
    return [f"{head}{middle}{end}" for middle in numbers_of(inside) for end in tails]


def numbers_of(text: str) -> list[str]:
    """`01-03,07` → 01, 02, 03, 07, with the zeros in front. Raises InvalidInput."""
    found: list[str] = []
    for piece in text.split(","):
        first, dash, last = piece.partition("-")
        if not dash:
            found.append(piece)
            continue
        if not (first.isdecimal() and last.isdecimal()) or int(last) - int(first) > MOST_HOSTS:
            raise InvalidInput(f"cannot read the range {piece!r} of SLURM: expected numbers such as 01-16")
        found += [str(number).zfill(len(first)) for number in range(int(first), int(last) + 1)]
    return found
