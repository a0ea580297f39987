"""Memory of functions: who is judged, what is projected, what is saved."""

from decimal import Decimal

import pytest

from trimtab.advice.rightsizing.applying import change
from trimtab.advice.rightsizing.functions import FunctionFacts, advise_function, project
from trimtab.advice.rightsizing.model import Finding, Kind, Subject
from trimtab.advice.rightsizing.settings import Sizing
from trimtab.base.records import replace
from trimtab.inventory.catalog.functions import function_price

_SUBJECT = Subject("aws/1/us-east-1/function/f", Kind.FUNCTION, "f", "f", "1024", "1", "us-east-1")
_PRICE = function_price("us-east-1", "x86_64", 1_796_000_000_000)
_FACTS = FunctionFacts(100_000, 1024, 100.0, 200.0, 300.0, 0, 14.0, _PRICE)


def test_projections_are_bounds() -> None:
    ahead = project(100.0, 1024, 512)
    assert (ahead.lower, ahead.expected, ahead.upper) == (100.0, 150.0, 200.0)
    more = project(100.0, 512, 1024)
    assert (more.lower, more.expected, more.upper) == (50.0, 75.0, 100.0)
    assert project(100.0, 1769, 1792).expected == 100.0


def test_too_much_memory_is_found_and_priced() -> None:
    told = advise_function(_SUBJECT, _FACTS, Sizing())
    assert told.finding is Finding.OVER
    assert told.reasons == ("MemoryOverprovisioned",)
    size = told.advised[0].option.facts["memory_mb"]
    assert 100.0 <= size * 0.85
    ahead = project(200.0, 1024, size).expected
    assert _PRICE is not None
    scale = Decimal(730) / Decimal(14 * 24)
    before, after = (_PRICE.cost(round(ms * mb * 100_000), 100_000) for ms, mb in ((200.0, 1024), (ahead, size)))
    assert told.advised[0].saving == pytest.approx((before - after) * scale, abs=Decimal("0.02"))
    assert change(told).command.startswith("aws lambda update-function-configuration --function-name f --memory-size")


def test_too_little_memory_is_found() -> None:
    told = advise_function(_SUBJECT, replace(_FACTS, memory_mb=128, used_mb=126.0), Sizing())
    assert told.finding is Finding.UNDER
    assert told.advised[0].option.facts["memory_mb"] == 160


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (replace(_FACTS, invocations=49), "InsufficientData"),
        (replace(_FACTS, memory_mb=1800), "Inconclusive"),
        (replace(_FACTS, used_mb=None), "Inconclusive"),
    ],
)
def test_what_cannot_be_judged_says_why(facts: FunctionFacts, code: str) -> None:
    told = advise_function(_SUBJECT, facts, Sizing())
    assert told.finding is Finding.UNAVAILABLE
    assert told.reasons == (code,)
    assert told.reason
