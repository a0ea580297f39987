"""The contract of a template: a file in `templates/` that says what it is, and writes a document from facts."""

from collections.abc import Awaitable, Callable
from typing import Literal

from msgspec import Struct

from trimtab.reports.written.claims import Part, head
from trimtab.reports.written.document import Document
from trimtab.reports.written.facts import Ask, Facts

Period = Literal["week", "month"]


class Template(Struct, frozen=True):
    """`period` is what is over when nothing else is asked for; `per_owner`: it is about one team, who must be named.

    `write` gives the parts in the order in which they are read. `one_page`: on paper it is one page.
    """

    name: str
    title: str
    what: str
    period: Period
    write: Callable[[Facts, Ask], Awaitable[list[Part]]]
    per_owner: bool = False
    one_page: bool = False


async def document_of(template: Template, facts: Facts, ask: Ask) -> Document:
    """The report. Raises InvalidInput, QueryAborted, Unavailable."""
    parts = await template.write(facts, ask)
    about = ask.owner or "Everybody"
    return Document(
        template.name,
        template.title,
        about,
        ask.start_ms,
        ask.end_ms,
        facts.clock.now_ms(),
        head(parts),
        [part.section for part in parts],
        await facts.ages(ask),
        template.one_page,
    )
