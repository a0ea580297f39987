"""Every check's own examples: what it finds, what it does not, and what it cannot judge."""

import pytest

from trimtab.advice.catalogue import catalogue
from trimtab.advice.check import Check, Example
from trimtab.advice.complete import judgement
from trimtab.advice.facts import Facts
from trimtab.advice.finding import Judgement

CHECKS = list(catalogue().values())


def outcome(check: Check, facts: Facts) -> Judgement:
    return judgement(check, facts)


def ids(facts: Facts, paths: list[str]) -> set[str]:
    known = {one.path: one.id for things in facts.things.values() for one in things}
    known |= {one.path: one.uuid for one in facts.gpus}
    return {known.get(path, path.rpartition("/")[2]) for path in paths}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_examples_come_out_as_they_say(check: Check) -> None:
    for example in (check.examples.positive, check.examples.negative, check.examples.undecided):
        told = outcome(check, example.facts)
        assert set(example.finds) == ids(example.facts, [one.resource for one in told.findings]), example.says
        assert set(example.unsure) == ids(example.facts, [one.resource for one in told.undecided]), example.says
        if example.cash is not None:
            assert example.cash == told.findings[0].cash


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_check_is_declared_in_full(check: Check) -> None:
    assert check.examples.positive.finds
    assert not check.examples.negative.finds
    assert not check.examples.negative.unsure
    assert check.examples.undecided.unsure
    assert all(one.meaning and one.source and one.unit for one in check.settings)
    assert check.about.endswith(".")
    assert check.source.startswith("https://")
    for finding in outcome(check, check.examples.positive.facts).findings:
        assert finding.summary
        assert finding.evidence
        assert finding.fix
        assert "<" not in finding.fix, finding.fix


def test_the_rest_of_an_example_is_not_found(_unused: None = None) -> None:
    """What holds for all: there are 60 checks or more, and no two share an id (the catalogue would hide one)."""
    assert len(CHECKS) >= 60


def example_of(check: Check) -> Example:
    return check.examples.positive
