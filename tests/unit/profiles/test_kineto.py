"""Kineto traces: where the GPU's time went, of any layout, and clear errors for what is none."""

import gzip
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.profiles.traces import USUAL, event, step, trace

from trimtab.base.errors import InvalidInput, LimitExceeded
from trimtab.profiles import events as reading
from trimtab.profiles import kineto
from trimtab.profiles.model import Kind, TraceProfile

_SHARED = Path(__file__).parents[4] / "shared" / "data" / "kineto_traces"


def _read(text: bytes, name: str = "a.json") -> TraceProfile:
    return kineto.read(io.BytesIO(text), name)


def test_where_the_time_of_a_window_went() -> None:
    found = _read(trace(USUAL))
    assert found.whole is not None
    assert (found.rank, found.world_size, found.note) == (3, 8, "")
    whole = found.whole
    assert (whole.window_us, whole.busy_us, whole.idle_us) == (85, 55, 30)
    assert (whole.compute_us, whole.communication_us, whole.memory_us) == (30, 20, 17)
    assert (whole.exposed_communication_us, whole.exposed_memory_us) == (10, 15)
    assert whole.hidden_share == 0.5
    assert (whole.events, whole.streams) == (5, 3)
    (device,) = found.devices
    assert (device.gpu, device.device, device.breakdown) == ("NVIDIA H100", "0", whole)
    assert [(one.kind, one.name[:4], one.count, one.total_us) for one in found.kernels] == [
        (Kind.COMPUTE, "gemm", 2, 30),
        (Kind.COMMUNICATION, "nccl", 1, 20),
        (Kind.MEMORY, "Memc", 1, 12),
        (Kind.MEMORY, "Mems", 1, 5),
    ]


def test_a_step_s_own_time_is_without_what_it_waits_in_collectives() -> None:
    found = _read(trace([*USUAL, step(2, 100, 50), step(3, 110, 10), event("gemm", 112, 1)]))
    steps = found.devices[0].steps
    assert [(one.number, one.length_us, one.own_us) for one in steps] == [(1, 100, 90), (2, 50, 50), (3, 10, 10)]


_times = st.tuples(st.integers(0, 60), st.integers(1, 15), st.sampled_from(["gemm", "ncclKernel", "copy"]))


@settings(max_examples=150)
@given(st.lists(_times, min_size=1, max_size=12))
def test_parts_add_up_to_the_window_and_are_those_of_single_microseconds(drawn: list[tuple[int, int, str]]) -> None:
    events = [event(name, at, long, "gpu_memcpy" if name == "copy" else "kernel") for at, long, name in drawn]
    whole = _read(trace(events)).whole
    assert whole is not None
    ran = {
        name: {tick for at, long, one in drawn if one == name for tick in range(at, at + long)}
        for name in ("gemm", "ncclKernel", "copy")
    }
    everything = set().union(*ran.values())
    assert whole.window_us == max(everything) + 1 - min(everything)
    assert whole.busy_us == len(everything)
    assert whole.compute_us == len(ran["gemm"])
    assert whole.exposed_communication_us == len(ran["ncclKernel"] - ran["gemm"])
    assert whole.exposed_memory_us == len(ran["copy"] - ran["gemm"] - ran["ncclKernel"])
    assert whole.hidden_communication_us == len(ran["ncclKernel"] & ran["gemm"])
    parts = whole.compute_us + whole.exposed_communication_us + whole.exposed_memory_us + whole.idle_us
    assert parts == whole.window_us


_ODD = event('a "quoted\\" {name]} \\', 1, 2, note='\\"{[')


@pytest.mark.parametrize("size", [1, 7, 64, 1 << 22])
@pytest.mark.parametrize(
    "layout",
    [
        lambda text: text,
        lambda text: json.dumps(json.loads(text), separators=(",", ":")).encode(),
        gzip.compress,
        lambda text: gzip.compress(text[:200]) + gzip.compress(text[200:]),
        lambda text: b"\xef\xbb\xbf" + text,
        lambda text: json.dumps(json.loads(text)["traceEvents"]).encode(),
        lambda text: json.dumps(json.loads(text)["traceEvents"]).encode()[:-1] + b",\n",
    ],
    ids=["lines", "tight", "gzip", "two gzip members", "byte order mark", "array", "array left open"],
)
def test_any_layout_read_in_parts_of_any_size_gives_the_same(layout, size: int, monkeypatch) -> None:
    text = trace([*USUAL, _ODD])
    expected = _read(text)
    monkeypatch.setattr(reading, "PART", size)
    found = _read(layout(text), "rank_3.json")
    assert found.whole == expected.whole
    assert found.kernels == expected.kernels
    assert found.rank == 3
    assert found.unreadable == 0


def test_times_in_nanoseconds_keep_their_fractions() -> None:
    base = 1_713_205_692_123_456
    found = _read(trace([event("gemm", base + 0.25, 1.5), event("gemm", base + 4.5, 0.125)]))
    assert found.whole is not None
    assert found.whole.compute_us == pytest.approx(1.625, abs=0.01)


def test_gaps_shorter_than_a_microsecond_are_idle_and_what_touches_is_not() -> None:
    whole = _read(trace([event("gemm", 0, 1), event("gemm", 1.5, 1), event("gemm", 2.5, 0.25)])).whole
    assert whole is not None
    assert (whole.window_us, whole.busy_us, whole.idle_us) == (2.75, 2.25, 0.5)


def test_a_copy_is_no_collective_whatever_its_name() -> None:
    whole = _read(trace([event("ncclMemcpy", 0, 1, "gpu_memcpy")])).whole
    assert whole is not None
    assert (whole.memory_us, whole.communication_us) == (1, 0)


def test_gpus_of_one_file_are_apart() -> None:
    found = _read(trace([event("gemm", 0, 10), event("gemm", 5, 10, device=1)]))
    assert [(one.device, one.gpu, one.breakdown.window_us) for one in found.devices] == [
        ("0", "NVIDIA H100", 10),
        ("1", "NVIDIA H100 1", 10),
    ]
    assert found.whole is not None and found.whole.window_us == 15


def test_amd_and_older_names_are_read() -> None:
    events = [
        event("Cijk_Ailk_Bljk", 0, 10, "kernel"),
        event("ncclDevKernel_Generic", 20, 5),
        event("CopyHostToDevice", 30, 5, "hip_memcpy"),
        event("hipLaunchKernel", 0, 50, "hip_runtime"),
        event("Memset", 40, 1, "Memset"),
        event("rcclGenericKernel", 50, 4, "Kernel"),
    ]
    whole = _read(trace(events)).whole
    assert whole is not None
    assert (whole.compute_us, whole.communication_us, whole.memory_us) == (10, 9, 6)


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([], "no GPU activity: it has no complete event at all"),
        ([event("aten::mm", 0, 5, "cpu_op")], "no GPU activity: only events of the host (cpu_op)"),
        ([event("x", 0, 5, "mtia_ccp_events")], "no GPU activity: its device events are of mtia_ccp_events"),
    ],
)
def test_a_trace_without_gpu_events_says_so(events: list, words: str) -> None:
    found = _read(trace(events))
    assert found.note.startswith(words)
    assert found.whole is None and found.devices == ()


def test_events_that_cannot_be_read_are_counted_and_the_rest_is_kept() -> None:
    text = trace([*USUAL, event("bad", 1, 1), event("latin", 200, 5)])
    text = text.replace(b'"bad"', b"nan").replace(b'"latin"', b'"l\xe4tin"')
    text = text.replace(b'"stream": 21', b'"stream": [21]')
    found = _read(text)
    assert found.unreadable == 1
    assert found.whole is not None
    assert (found.whole.events, found.whole.memory_us, found.whole.compute_us) == (6, 17, 35)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "expected a trace in Chrome's format"),
        (b"hello", "expected a trace in Chrome's format"),
        (b'{"a": 1}', "expected a trace in Chrome's format"),
        (trace(USUAL)[:-400], "ends in the middle of its events"),
        (trace(USUAL)[:-10], "ends behind its events"),
        (gzip.compress(trace(USUAL))[:-30], "the file ends early"),
        (gzip.compress(trace(USUAL))[:40] + b"junk" * 20, "its compression is damaged"),
        (b"[{", "ends in the middle of its events"),
        (b'{"traceEvents": [' + b"[" * 5000, "ends in the middle of its events"),
    ],
    ids=["empty", "text", "other JSON", "torn", "torn behind", "torn gzip", "damaged gzip", "torn array", "deep"],
)
def test_what_is_no_whole_trace_gets_a_clear_error(text: bytes, message: str) -> None:
    with pytest.raises(InvalidInput, match=rf"cannot read a\.json: .*{message}"):
        _read(text)


def test_events_nested_beyond_reason_are_left_out() -> None:
    deep = b'{"traceEvents": [{"args": ' + b"[" * 5000 + b"]" * 5000 + b"}, " + json.dumps(USUAL[3]).encode() + b"]}"
    found = _read(deep)
    assert found.unreadable == 1
    assert found.whole is not None and found.whole.events == 1


def test_text_beyond_the_limit_and_an_endless_event_are_refused(monkeypatch) -> None:
    with pytest.raises(LimitExceeded, match="longer than 0 MiB"):
        kineto.read(io.BytesIO(trace(USUAL)), "a.json", most=500)
    monkeypatch.setattr(reading, "MOST_IN_ONE", 300)
    monkeypatch.setattr(reading, "PART", 100)
    with pytest.raises(LimitExceeded, match="an event of it is longer"):
        _read(b'[{"name": "' + b"a" * 1000)


@pytest.mark.skipif(not _SHARED.is_dir(), reason="the traces of HolisticTraceAnalysis are not on this machine")
@pytest.mark.parametrize("name", ["control", "sampled_rank_0"])
def test_real_traces_are_broken_down_as_their_truth_says(name: str) -> None:
    own = json.loads((_SHARED / "expected.json").read_text())[name]["own"]
    with (_SHARED / f"{name}.json.gz").open("rb") as file:
        found = kineto.read(file, f"{name}.json.gz")
    assert found.whole is not None
    assert found.whole.window_us == pytest.approx(own["window_us"])
    assert found.whole.idle_us == pytest.approx(own["idle_us"], rel=0.001)
    assert found.whole.compute_us == pytest.approx(own["compute_us"], rel=0.001)
    assert found.whole.hidden_share == pytest.approx(own["comm_hidden_by_compute_pct"] / 100, rel=0.001)
    assert found.kernels[0].name == own["top"][0]["name"]
