"""Remote write over the limits of series: refused with the words that users of Mimir know, and before it costs."""

from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.doors.prometheus.conftest import Door

from metric_doors import make_door
from trimtab.doors.prometheus.remote_write import routes
from trimtab.doors.protobuf import wire
from trimtab.metrics.admission import SeriesLimits
from trimtab.store.state.database import State

REFUSED = "received a series whose number of labels exceeds the limit"


@pytest.fixture
def door(state: State) -> Door:
    return Door(make_door(routes, state, limits=SeriesLimits(labels=3, name_length=20, value_length=20, per_account=4)))


def v1(prompb: SimpleNamespace, now: int, *series: dict[str, str]) -> Any:
    made = prompb.WriteRequest()
    for labels in series:
        item = made.timeseries.add()
        for name, value in labels.items():
            item.labels.add(name=name, value=value)
        item.samples.add(value=1.0, timestamp=now)
    return made


def v2(prompb: SimpleNamespace, now: int, *series: dict[str, str]) -> Any:
    symbols = [""]
    made = prompb.Request()
    for labels in series:
        item = made.timeseries.add()
        for text in (text for pair in labels.items() for text in pair):
            item.labels_refs.append(len(symbols))
            symbols.append(text)
        item.samples.add(value=1.0, timestamp=now)
    made.symbols.extend(symbols)
    return made


def labels(number: int, name: str = "m") -> dict[str, str]:
    return {"__name__": name} | {f"l{at}": "v" for at in range(number)}


@pytest.mark.parametrize("version", [1, 2])
def test_a_series_with_too_many_labels_is_refused_and_the_others_stored(
    door: Door, prompb: SimpleNamespace, version: int
) -> None:
    make, post = (v1, door.post) if version == 1 else (v2, door.post_v2)
    answer = post(make(prompb, door.clock.now_ms(), labels(3, "right"), labels(4, "wrong")))
    assert 400 == answer.status_code
    assert f"{REFUSED} (actual: more than 3, limit: 3)" in answer.text
    assert 'e.g. wrong{l0="v"' in answer.text
    assert ["right"] == [one.name for one, _, _ in door.samples()]


@pytest.mark.parametrize("version", [1, 2])
def test_of_very_many_labels_only_the_first_are_decoded(
    door: Door, prompb: SimpleNamespace, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = prompb.WriteRequest() if version == 1 else prompb.Request(symbols=["", *(f"s{at}" for at in range(100_000))])
    item = body.timeseries.add()
    if version == 1:
        for at in range(100_000):
            item.labels.add(name=f"l{at}", value="v")
    else:
        item.labels_refs.extend(range(1, 100_001))
    item.samples.add(value=1.0, timestamp=door.clock.now_ms())
    decoded = []
    text = wire.text
    monkeypatch.setattr(wire, "text", lambda *where: decoded.append(where) or text(*where))
    answer = (door.post if version == 1 else door.post_v2)(body)
    assert 400 == answer.status_code
    assert REFUSED in answer.text
    assert 0 == len(door.registry)
    assert len(decoded) < 100
    assert len(answer.text) < 3_000


def test_long_names_and_values_are_refused_and_told_in_short(door: Door, prompb: SimpleNamespace) -> None:
    long = [{"__name__": "m", "n" * 21: "v"}, {"__name__": "m", "n": "v" * 100_000}]
    answer = door.post(v1(prompb, door.clock.now_ms(), *long))
    assert 400 == answer.status_code
    assert "label name length exceeds the limit (limit: 20)" in answer.text
    assert "label value length exceeds the limit (limit: 20), label: 'n'" in answer.text
    assert len(answer.text) < 3_000


def test_new_series_of_a_full_account_are_429_and_known_ones_are_stored(door: Door, prompb: SimpleNamespace) -> None:
    now = door.clock.now_ms()
    known = [labels(0, f"m{at}") for at in range(4)]
    assert 204 == door.post(v1(prompb, now, *known)).status_code
    answer = door.post(v1(prompb, now + 1, *known, labels(0, "new")))
    assert (429, "60") == (answer.status_code, answer.headers["retry-after"])
    assert "per-user series limit of 4 exceeded" in answer.text
    assert 8 == len(door.samples())
    assert 4 == len(door.registry)
    assert 204 == door.post(v1(prompb, now + 2, *known)).status_code
