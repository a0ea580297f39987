"""The room of investigations, as doors and pages are given it."""

from msgspec import Struct

from trimtab.access.principal import Principal
from trimtab.base.errors import NotFound
from trimtab.reports.investigations.document import document_of
from trimtab.reports.investigations.kept import Investigation, Note
from trimtab.reports.investigations.model import Inquiry, TimeLine, inquiry_of
from trimtab.reports.investigations.source import Readers
from trimtab.reports.investigations.store import InvestigationStore
from trimtab.reports.investigations.suspects import Suspects, suspects
from trimtab.reports.investigations.timeline import time_line
from trimtab.reports.written.document import Document
from trimtab.store.state.database import State


class InvestigationRoom(Struct, frozen=True):
    """Time lines over every room that knows what happened, and investigations that are kept."""

    readers: Readers
    store: InvestigationStore
    public_url: str

    @classmethod
    def of(cls, state: State, readers: Readers, home: str, public_url: str) -> "InvestigationRoom":
        """The room over a state database and the readers."""
        return cls(readers, InvestigationStore(state, readers.clock, home), public_url)

    async def line(self, caller: Principal, inquiry: Inquiry) -> TimeLine:
        """What happened around a time. A source that does not answer is named in it."""
        return await time_line(self.readers, caller, inquiry)

    async def suspects(self, caller: Principal, inquiry: Inquiry) -> Suspects:
        """Who is suspected. Raises QueryAborted, Unavailable."""
        return await suspects(self.readers, caller, inquiry)

    async def note(self, caller: Principal, id_: str, text: str, key: str = "") -> Note:
        """Add a note; with `key` it pins that entry of the time line. Raises InvalidInput, LimitExceeded, NotFound."""
        pinned = None
        if key:
            kept = await self.store.get(caller.scope, id_)
            line = await self.line(caller, self.inquiry(kept))
            pinned = next((one for one in line.entries if one.key == key), None)
            if pinned is None:
                raise NotFound(f"cannot pin {key[:40]!r}: no such entry is on the time line now")
        return await self.store.note(caller, id_, text, pinned)

    async def report(self, caller: Principal, id_: str) -> Document:
        """A kept investigation as a report. Raises NotFound."""
        kept = await self.store.get(caller.scope, id_)
        line = await self.line(caller, self.inquiry(kept))
        return document_of(kept, line, self.readers.clock.now_ms())

    @staticmethod
    def inquiry(kept: Investigation) -> Inquiry:
        """The inquiry that a kept investigation is of."""
        return inquiry_of(kept.at_ms, kept.around_ms, kept.subject)
