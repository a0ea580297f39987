"""Reads visuals for pages: what the URL chooses, several at a time, and why one could not be answered."""

import asyncio
from collections.abc import Sequence

from trimtab.base.errors import TrimtabError
from trimtab.reports.analyses.room import AnalysisRoom, Chosen
from trimtab.reports.analyses.spec import Analysis, Visual
from trimtab.reports.datasets.spec import Parameter
from trimtab.web.analyses.panel import Panel, broken, panel_of
from trimtab.web.view import View

_PARAMETER = "p."
_AT_ONCE = 4


def chosen_of(view: View) -> Chosen:
    """What the URL chooses: the range, conditions (`also`), parameters (`p.<name>`)."""
    parameters = {
        name.removeprefix(_PARAMETER): value for name, value in view.parameters if name.startswith(_PARAMETER)
    }
    where = view.all("also")
    if view.get("from"):
        return Chosen(where, parameters, "", view.window.start_ms, view.window.end_ms)
    chosen = view.get("range")
    return Chosen(where, parameters, "" if chosen == "auto" else chosen)


async def read_panels(
    room: AnalysisRoom, view: View, spec: Analysis | None, visuals: Sequence[Visual], name: str
) -> list[Panel]:
    """A panel for each visual, in their order; those that fail say so by themselves."""
    chosen, gate = chosen_of(view), asyncio.Semaphore(_AT_ONCE)

    async def one(visual: Visual) -> Panel:
        try:
            async with gate:
                shown = await room.show(view.principal, spec, visual, chosen)
            fields = await room.fields(view.principal, spec, shown.dataset)
        except TrimtabError as problem:
            return broken(visual, problem, view, name)
        half = len(visuals) > 1
        return await asyncio.to_thread(panel_of, visual, shown, fields, view, name, half=half)

    return list(await asyncio.gather(*(one(visual) for visual in visuals)))


async def parameters_of(
    room: AnalysisRoom, view: View, spec: Analysis | None, visuals: Sequence[Visual]
) -> dict[str, tuple[Parameter, str]]:
    """The parameters of all datasets, each with the value that counts; none of a dataset that is not there."""
    found: dict[str, tuple[Parameter, str]] = {}
    names = {spec.dataset_of(one) if spec else one.dataset for one in visuals}
    given = chosen_of(view).parameters
    for name in sorted(one for one in names if one):
        try:
            dataset = await room.dataset(view.principal, spec, name)
        except TrimtabError:
            continue
        for key, parameter in dataset.parameters.items():
            value = given.get(key, (spec.parameters if spec else {}).get(key, parameter.default))
            found[key] = parameter, "" if value is None else str(value)
    return found
