"""Plans: few fetches for many requests, and atoms that rebuild every requested set."""

from hypothesis import given
from hypothesis import strategies as st

from trimtab.base.tags import make_tags
from trimtab.metrics.model import Identity, Kind, Series
from trimtab.metrics.plan import Atoms, Fetch, Shape, Source, StatRequest, make_plan
from trimtab.metrics.statistics import parse_statistic

KNOWN = {
    number: Series(number, Identity("1", "eu", "ns", kind, make_tags({}), kind=kind))
    for number, kind in enumerate(Kind)
}


@given(sets=st.lists(st.frozensets(st.integers(0, 20), min_size=1), min_size=1, max_size=8))
def test_every_set_is_the_union_of_its_atoms_and_atoms_are_disjoint(sets: list[frozenset[int]]) -> None:
    atoms = Atoms.of(sets)
    assert len(atoms.ids) == len(set(atoms.ids)) == len(atoms.atoms)
    for wanted in sets:
        mine = {series for series, atom in zip(atoms.ids, atoms.atoms, strict=True) if atom in atoms.members[wanted]}
        assert wanted == mine


def test_series_of_one_request_are_one_atom() -> None:
    many = frozenset(range(10_000))
    assert {many: (0,)} == Atoms.of([many, many]).members


def test_kinds_and_statistics_choose_what_is_read() -> None:
    requests = [StatRequest(tuple(KNOWN), parse_statistic(name), 60) for name in ("Sum", "Rate", "Last", "p90", "Sum")]
    plan = make_plan(requests, KNOWN)
    assert {
        Fetch(Source.EVENTS, Shape.TOTALS, 60_000),
        Fetch(Source.EVENTS, Shape.LAST, 60_000),
        Fetch(Source.EVENTS, Shape.SAMPLES, 60_000),
        Fetch(Source.GAUGES, Shape.TOTALS, 60_000),
        Fetch(Source.GAUGES, Shape.LAST, 60_000),
        Fetch(Source.GAUGES, Shape.SAMPLES, 60_000),
        Fetch(Source.INCREASES, Shape.TOTALS, 60_000),
        Fetch(Source.INCREASES, Shape.SAMPLES, 60_000),
        Fetch(Source.HISTOGRAMS, Shape.SAMPLES, 60_000),
    } == set(plan.fetches)
    assert plan.parts[0] == plan.parts[4]


def test_unknown_series_are_left_out() -> None:
    plan = make_plan([StatRequest((99,), parse_statistic("Sum"), 60)], KNOWN)
    assert ({}, ((),)) == (plan.fetches, plan.parts)
