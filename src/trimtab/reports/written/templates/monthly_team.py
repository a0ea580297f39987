"""The monthly statement of a team."""

import asyncio

from trimtab.kpis.model import Level
from trimtab.reports.written.claims import Part
from trimtab.reports.written.facts import Ask, Facts
from trimtab.reports.written.parts.advice import advice_part
from trimtab.reports.written.parts.gpus import gpus_part
from trimtab.reports.written.parts.money import money_part
from trimtab.reports.written.parts.phases import phases_part
from trimtab.reports.written.parts.runs import runs_part
from trimtab.reports.written.template import Template


async def write(facts: Facts, ask: Ask) -> list[Part]:
    """What it cost first, then what it got for it."""
    fleet, teams, money, runs, advice = await asyncio.gather(
        facts.kpis(ask, Level.FLEET),
        facts.kpis(ask, Level.TEAM),
        facts.money(ask),
        facts.run_reports(ask),
        facts.advised(ask),
    )
    return [
        money_part(ask, money, by_owner=False),
        gpus_part(ask, fleet, teams),
        runs_part(ask, runs),
        phases_part(ask, runs),
        advice_part(advice, 5),
    ]


TEMPLATE = Template(
    "monthly-team",
    "Monthly team statement",
    "What one team spent in a month and why that changed, what its GPUs and runs did, and what it could change.",
    "month",
    write,
    per_owner=True,
)
