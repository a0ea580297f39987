"""What a root cause is looked for in, and what is found: signals of a window, evidence, suspects.

A *component* is whatever can be at fault and has a name: a service, a pod's workload, a host, a database that only its
callers know. Rooms that own signals say which component each belongs to; nothing here knows names.
"""

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from trimtab.bottlenecks.spans import Spans, empty

Values = npt.NDArray[np.float64]


class Series(Struct, frozen=True):
    """Samples of one metric of a component, oldest first, NaN for none; `peer` names the callee of an edge's metric."""

    component: str
    metric: str
    values: Values
    peer: str = ""


class Line(Struct, frozen=True):
    """A log line of a component; `trace` is the id of the trace that it was written in, "" for none."""

    component: str
    text: str
    severity: str = ""
    trace: str = ""
    at_ns: int = 0


class Signals(Struct, frozen=True):
    """Everything known of one window. `spans` are grouped by their service; whatever is missing is left empty.

    `lines_since_ns` is the time from which lines were read, where there were more than are read; `edges` are calls that
    are known (caller, callee) beside those of spans and series.
    """

    spans: Spans = field(default_factory=empty)
    series: Sequence[Series] = ()
    lines: Sequence[Line] = ()
    lines_since_ns: int = 0
    edges: frozenset[tuple[str, str]] = frozenset()


class Kind(StrEnum):
    """What an observation is about; `edge` is the wait between a caller and its callee, `path` what an
    operation does, `share` the part of a symptom that is a component's own."""

    EDGE = "edge"
    OPERATION = "operation"
    ERRORS = "errors"
    CALLS = "calls"
    PATH = "path"
    SILENCE = "silence"
    METRIC = "metric"
    SHARE = "share"
    LOG = "log"


class Evidence(Struct, frozen=True):
    """One deviation of a component: what it is about, in which value, from what to what, and how strong (octaves).

    An octave is a doubling: of a latency against the normal one, of a deviation against those of normal times.
    """

    component: str
    kind: Kind
    subject: str
    normal: float
    now: float
    octaves: float
    unit: str = ""
    peer: str = ""


class Suspect(Struct, frozen=True):
    """A component with its score and the evidence for it, the strongest first."""

    component: str
    score: float
    evidence: tuple[Evidence, ...]
