"""The weekly fleet review."""

import asyncio

from trimtab.kpis.model import Level
from trimtab.reports.written.claims import Part
from trimtab.reports.written.facts import Ask, Facts
from trimtab.reports.written.parts.advice import advice_part
from trimtab.reports.written.parts.alarms import alarms_part
from trimtab.reports.written.parts.anomalies import anomalies_part
from trimtab.reports.written.parts.gpus import gpus_part
from trimtab.reports.written.parts.money import money_part
from trimtab.reports.written.parts.phases import phases_part
from trimtab.reports.written.parts.runs import runs_part
from trimtab.reports.written.template import Template


async def write(facts: Facts, ask: Ask) -> list[Part]:
    """GPUs first, then money, runs, alarms, and what to do."""
    fleet, teams, money, runs = await asyncio.gather(
        facts.kpis(ask, Level.FLEET), facts.kpis(ask, Level.TEAM), facts.money(ask), facts.run_reports(ask)
    )
    found, alarms, advice = await asyncio.gather(
        facts.cost_anomalies(ask), facts.alarm_changes(ask), facts.advised(ask)
    )
    return [
        gpus_part(ask, fleet, teams),
        money_part(ask, money),
        anomalies_part(found),
        runs_part(ask, runs),
        phases_part(ask, runs),
        alarms_part(alarms),
        advice_part(advice, 5),
    ]


TEMPLATE = Template(
    "weekly-fleet",
    "Weekly fleet review",
    "What the GPUs did and cost in a week, which runs and alarms stood out, and the five changes worth most.",
    "week",
    write,
)
