"""Analyses over the REST API's operations: kept, shown, watched; what is wrong is refused by name."""

from typing import Any

import msgspec
import pytest

from made_analyses import OF_A, SPEC, run
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.client import analyses_wire as wire
from trimtab.doors.rest.analyses import Analysing, Ranged, operations
from trimtab.doors.rest.spec import Call, NoQuery
from trimtab.reports.analyses.spec import parse_text
from trimtab.reports.analyses.watching import Watching


def test_analyses_over_rest(watching: Watching) -> None:
    known = {one.name: one for one in operations(Analysing(watching.room, watching, watching.clock))}

    def call(operation: str, /, body: Any = None, query: Any = None, **path: str) -> Any:
        asked = Call(OF_A, query or NoQuery(), body, path, {})
        answer = run(known[operation].handler(asked))  # type: ignore[arg-type] # a coroutine
        assert isinstance(answer, known[operation].answer)
        return answer

    made = call("put analysis", wire.PutAnalysis(SPEC, was=0), name="mine")
    assert (1, "bob", 2) == (made.head.version, made.head.owner, made.head.visuals)
    # What is printed for people is the spec again.
    text = made.text
    assert 1 == call("put analysis", wire.PutAnalysis(text), name="mine").head.version
    changed = {**parse_text(text), "title": "Teams"}
    assert 2 == call("put analysis", wire.PutAnalysis(changed, was=1), name="mine").head.version
    [version] = call("list versions of analysis", name="mine").versions
    assert "+title: Teams" in version.diff
    assert "mine" in [one.name for one in call("list analyses").analyses]
    assert "copy" == call("copy analysis", wire.CopyAnalysis("copy"), name="mine").head.name

    shown = call("show visual of analysis", query=Ranged(where=["team = 'vision'"]), name="mine", visual="by-team")
    assert [("vision", "13.4")] == [(one.keys[0], one.values[0]) for one in shown.rows]
    asked = wire.ShowVisual({"by": ["team"], "measures": ["sum(cost)"]}, analysis="mine", range="3d")
    assert {"vision": "13.4", "speech": "0.000000000001"} == {
        one.keys[0]: one.values[0] for one in call("show visual", asked).rows
    }
    assert msgspec.json.encode(shown)
    for wrong in (
        wire.ShowVisual({"dataset": "bill", "by": 7}),
        wire.ShowVisual("bill"),
        wire.ShowVisual({"dataset": "bill"}, where=["1 +"]),
        wire.ShowVisual({"dataset": "bill"}, range="never"),
        wire.ShowVisual({}),
    ):
        with pytest.raises(InvalidInput):
            call("show visual", wrong)
    with pytest.raises(NotFound):
        call("show visual of analysis", query=Ranged(), name="mine", visual="nothing")

    alarm = call("watch visual", wire.ArmVisual(above=10.0, every_s=300), name="mine", visual="by-team")
    assert ("mine by-team above 10", True) == (alarm.alarm, alarm.published)
    with pytest.raises(InvalidInput, match="either"):
        call("watch visual", wire.ArmVisual(), name="mine", visual="by-team")
    assert [alarm.alarm] == [one.alarm for one in call("list alarms of analysis", name="mine").alarms]
    assert alarm.alarm == call("stop watching visual", name="mine", alarm=alarm.alarm).name
    assert "mine" == call("delete analysis", name="mine").name
