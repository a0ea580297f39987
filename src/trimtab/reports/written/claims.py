"""Sentences that compete for the head of a report, by what they weigh in money."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from trimtab.reports.written.document import Said, Section

HEAD = 3
"""Sentences that a report begins with: what a reader shall remember."""
GPU_HOUR = 2.0
"""What an idle GPU-hour weighs among amounts, some rented accelerator's price. It only orders sentences."""


class Claim(Struct, frozen=True):
    """A sentence and its weight, in coins of any currency. `name` is whose it is, where it is one thing's."""

    said: Said
    weight: float
    name: str = ""


class Part(Struct, frozen=True):
    """A section, and what of it is worth the head of the report."""

    section: Section
    claims: Sequence[Claim] = ()


def head(parts: Iterable[Part], number: int = HEAD) -> list[Said]:
    """The weightiest sentences; of one section at most one, until every section had its turn.

    What a weightier one names already comes last.
    """
    ranked = [sorted(part.claims, key=lambda one: -one.weight) for part in parts]
    first = sorted((one[0] for one in ranked if one), key=lambda one: -one.weight)
    rest = sorted((claim for one in ranked for claim in one[1:]), key=lambda one: -one.weight)
    told: list[Said] = []
    again: list[Said] = []
    for one in (*first, *rest):
        known = one.name and any(one.name in said.text for said in told)
        (again if known else told).append(one.said)
    return [*told, *again][:number]
