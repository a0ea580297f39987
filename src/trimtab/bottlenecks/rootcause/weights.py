"""What evidence is worth: a saturated resource is a cause, a changed amount of work rather a consequence."""

import re

from trimtab.bottlenecks.rootcause.signals import Evidence, Kind

_RESOURCE = re.compile(r"(?i)cpu|memory|mem_|disk|gpu|throttl|restart|oom|queue|thread|heap|gc_|pressure|saturat")
_TIME = re.compile(r"(?i)latency|duration|seconds|response")
_NODE = re.compile(r"(?i)node|host")

_BEHAVIOUR = frozenset((Kind.ERRORS, Kind.CALLS, Kind.PATH, Kind.SILENCE, Kind.LOG))
"""What a component does otherwise: one fault shows in its failures, its calls and its lines alike."""
_RESOURCE_WORTH, _TIME_WORTH, _NODE_WORTH, _WORK_WORTH = 1.0, 0.25, 0.25, 0.25
"""A node is shared, a duration includes what is called, and traffic is what others ask for: a quarter each."""


def weight(evidence: Evidence) -> tuple[str, float]:
    """The family of which only the strongest counts, and what an octave of it is worth."""
    if evidence.kind is not Kind.METRIC:
        return ("behaviour" if evidence.kind in _BEHAVIOUR else evidence.kind), 1.0
    if _NODE.search(evidence.subject):
        return "node", _NODE_WORTH
    if _RESOURCE.search(evidence.subject):
        return "resource", _RESOURCE_WORTH if evidence.now > evidence.normal else _WORK_WORTH
    return ("time", _TIME_WORTH) if _TIME.search(evidence.subject) else ("work", _WORK_WORTH)
