"""The SLO review of endpoints."""

import asyncio

from trimtab.kpis.model import Level
from trimtab.reports.written.claims import Part
from trimtab.reports.written.facts import Ask, Facts
from trimtab.reports.written.parts.alarms import alarms_part
from trimtab.reports.written.parts.services import services_part
from trimtab.reports.written.template import Template


async def write(facts: Facts, ask: Ask) -> list[Part]:
    """Endpoints, then the alarms of the time."""
    services, alarms = await asyncio.gather(facts.kpis(ask, Level.SERVICE), facts.alarm_changes(ask))
    return [services_part(ask, services), alarms_part(alarms)]


TEMPLATE = Template(
    "endpoint-slo",
    "Endpoint SLO review",
    "Requests, latency and error budgets of every endpoint in a week, and the alarms of that time.",
    "week",
    write,
)
