"""The digest of what training cost."""

import asyncio

from trimtab.kpis.model import Level
from trimtab.reports.written.claims import Part
from trimtab.reports.written.facts import Ask, Facts
from trimtab.reports.written.parts.gpus import gpus_part
from trimtab.reports.written.parts.phases import phases_part
from trimtab.reports.written.parts.runs import runs_part
from trimtab.reports.written.template import Template


async def write(facts: Facts, ask: Ask) -> list[Part]:
    """Training runs, then the GPUs of everybody."""
    runs, fleet, teams = await asyncio.gather(
        facts.run_reports(ask), facts.kpis(ask, Level.FLEET), facts.kpis(ask, Level.TEAM)
    )
    return [
        runs_part(ask, runs, training=True),
        phases_part(ask, [one for one in runs if one.run.is_training]),
        gpus_part(ask, fleet, teams),
    ]


TEMPLATE = Template(
    "training-cost",
    "Training cost digest",
    "What training runs cost in a month, which failed or wasted their GPUs, and who held GPUs that did nothing.",
    "month",
    write,
)
