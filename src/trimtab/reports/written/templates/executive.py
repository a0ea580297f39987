"""The page for who has one minute."""

import asyncio

from trimtab.base.records import replace
from trimtab.kpis.model import Level
from trimtab.reports.written.claims import Part
from trimtab.reports.written.document import Section
from trimtab.reports.written.facts import Ask, Facts
from trimtab.reports.written.parts.advice import advice_part
from trimtab.reports.written.parts.anomalies import anomalies_part
from trimtab.reports.written.parts.gpus import gpus_part
from trimtab.reports.written.parts.money import money_part
from trimtab.reports.written.template import Template

_SENTENCES, _BARS = 3, 7


async def write(facts: Facts, ask: Ask) -> list[Part]:
    """The first sentences of money, GPUs and anomalies, and what to do; pictures, and no table but advice's."""
    fleet, teams, money, found, advice = await asyncio.gather(
        facts.kpis(ask, Level.FLEET),
        facts.kpis(ask, Level.TEAM),
        facts.money(ask),
        facts.cost_anomalies(ask),
        facts.advised(ask),
    )
    told = [money_part(ask, money), gpus_part(ask, fleet, teams), anomalies_part(found)]
    return [*map(_short, told), advice_part(advice, 3)]


def _short(part: Part) -> Part:
    section = part.section
    bars = [replace(one, bars=one.bars[:_BARS]) for one in section.bars[:1]]
    return replace(part, section=Section(section.title, section.said[:_SENTENCES], bars))


TEMPLATE = Template(
    "executive",
    "Executive one-page",
    "A month in one page: what was spent and why it changed, what the GPUs did, and the three changes worth most.",
    "month",
    write,
    one_page=True,
)
