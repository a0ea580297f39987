"""Analyses and what they show as the REST API answers them."""

from collections.abc import Sequence

import msgspec

from trimtab.base import typed
from trimtab.client import analyses_wire as wire
from trimtab.reports.analyses.document import changed, document_of
from trimtab.reports.analyses.model import Shown
from trimtab.reports.analyses.room import Opened
from trimtab.reports.analyses.spec import analysis_of as spec_of
from trimtab.reports.analyses.spec import yaml_of
from trimtab.reports.analyses.watches import Watch
from trimtab.reports.datasets.store import Version


def head_of(one: Opened) -> wire.AnalysisHead:
    """An analysis in the list."""
    stored, spec = one.stored, one.spec
    title, says = spec.title, spec.description or (one.starter.question if one.starter else "")
    if stored is None:
        return wire.AnalysisHead(one.name, title, says, "", "", True, 0, 0, "", len(spec.visuals))
    return wire.AnalysisHead(
        one.name,
        title,
        says,
        stored.account,
        stored.owner,
        stored.shared,
        stored.version,
        stored.updated_ms,
        stored.updated_by,
        len(spec.visuals),
    )


def analysis_of(one: Opened) -> wire.Analysis:
    """An analysis with its spec."""
    return wire.Analysis(head_of(one), msgspec.to_builtins(one.spec), yaml_of(one.spec))


def versions_of(opened: Opened, kept: Sequence[Version]) -> wire.AnalysisVersions:
    """Earlier versions with what the next one changed."""
    after = yaml_of(opened.spec)
    found = []
    for one in kept:
        before = yaml_of(spec_of(one.spec))
        found.append(wire.AnalysisVersion(one.version, one.updated_ms, one.updated_by, changed(before, after)))
        after = before
    return wire.AnalysisVersions(found)


def shown_of(shown: Shown) -> wire.VisualAnswer:
    """A visual answered."""
    return typed.convert(document_of(shown), wire.VisualAnswer)


def alarm_of(watch: Watch) -> wire.VisualAlarm:
    """An alarm of a visual that is published."""
    told = watch.value, watch.value_ms, watch.problem
    return wire.VisualAlarm(watch.alarm, watch.analysis, watch.visual, True, watch.every_ms // 1000, *told)
