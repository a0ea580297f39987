"""What a new series may be, and how many an account may have."""

from typing import cast

import numpy as np
import pytest

from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput
from trimtab.base.tags import make_tags
from trimtab.metrics.admission import RECOUNT_MS, SeriesLimits, SeriesRefused, TooManySeries
from trimtab.metrics.model import Identity
from trimtab.metrics.registry import SeriesRegistry
from trimtab.settings import load
from trimtab.store.telemetry.client import Telemetry

DAY_S = 86_400


def registry_of(clock: ManualClock | None = None, **limits: int) -> SeriesRegistry:
    return SeriesRegistry(cast(Telemetry, None), clock or ManualClock(), SeriesLimits(**limits))


def identity(account: str = "1", **labels: str) -> Identity:
    return Identity(account, "eu", "ns", "m", make_tags(labels))


def test_a_series_may_have_as_many_labels_as_the_limit_and_none_more() -> None:
    registry = registry_of(labels=2)
    registry.add(identity(a="1", b="2"))
    with pytest.raises(SeriesRefused, match=r"number of labels exceeds the limit \(actual: 3, limit: 2\)"):
        registry.add(identity(a="1", b="2", c="3"))
    assert 1 == len(registry)
    assert 1 == registry.admission.refused["labels"]


@pytest.mark.parametrize(
    ("labels", "words", "limit"),
    [({"abcd": "v"}, "label name length exceeds", "label_name"), ({"a": "wxyz"}, "label value length", "label_value")],
)
def test_names_and_values_have_a_length(labels: dict[str, str], words: str, limit: str) -> None:
    registry = registry_of(name_length=3, value_length=3)
    registry.add(identity(abc="xyz"))
    with pytest.raises(SeriesRefused, match=words):
        registry.add(identity(**labels))
    assert {"labels": 0, "label_name": 0, "label_value": 0, "account": 0, "memory": 0} | {
        limit: 1
    } == registry.admission.refused


def test_an_account_has_a_number_of_series_and_others_have_theirs() -> None:
    registry = registry_of(per_account=2)
    first = [registry.add(identity(host=host)) for host in ("a", "b")]
    with pytest.raises(TooManySeries, match="per-user series limit of 2 exceeded"):
        registry.add(identity(host="c"))
    assert first == [registry.add(identity(host=host)) for host in ("a", "b")]
    registry.add(identity("2", host="c"))
    assert 3 == len(registry)


def test_series_that_were_silent_for_two_weeks_make_room() -> None:
    clock = ManualClock()
    registry = registry_of(clock, per_account=2)
    ids = [registry.add(identity(host=host)) for host in ("a", "b")]
    clock.advance(16 * DAY_S)
    registry.seen(np.array(ids[:1], np.uint64), np.array([clock.now_ms()]))
    registry.add(identity(host="c"))
    with pytest.raises(TooManySeries):
        registry.add(identity(host="d"))
    assert 3 == len(registry)


def test_live_series_are_counted_again_after_a_minute() -> None:
    clock = ManualClock()
    registry = registry_of(clock, per_account=1)
    registry.add(identity(host="a"))
    with pytest.raises(TooManySeries):
        registry.add(identity(host="b"))
    clock.advance(16 * DAY_S - RECOUNT_MS / 1000)
    registry.add(identity(host="b"))


def test_a_request_is_admitted_whole_or_not_at_all() -> None:
    registry = registry_of(per_account=3)
    registry.add(identity(host="a"))
    registry.admit([identity(host=host) for host in ("a", "b", "c", "b")])
    with pytest.raises(TooManySeries):
        registry.admit([identity(host=host) for host in ("b", "c", "d")])
    assert 1 == len(registry)


def test_what_nobody_sends_goes_without_the_series_that_are_refused() -> None:
    registry = registry_of(labels=1)
    assert registry.offer(identity(a="1", b="2")) is None
    assert registry.offer(identity(a="1")) is not None
    with pytest.raises(InvalidInput):
        registry.offer(identity(a="\ud800"))


def test_limits_come_from_the_settings() -> None:
    names = ("LABELS_PER_SERIES", "LABEL_NAME_LENGTH", "LABEL_VALUE_LENGTH", "SERIES_PER_ACCOUNT")
    settings = load({f"TRIMTAB_MAX_{name}": str(at) for at, name in enumerate(names, 5)})
    assert SeriesLimits(5, 6, 7, 8) == SeriesLimits.of(settings)
    assert SeriesLimits() == SeriesLimits.of(load({}))
