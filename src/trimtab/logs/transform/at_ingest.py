"""Transforms what comes in by the transformer of its group, or of its account."""

from collections.abc import Sequence

from trimtab.base.clock import Clock
from trimtab.logs.documents import DocumentKind, Documents, LogDocuments
from trimtab.logs.model import Group, LogBatch
from trimtab.logs.transform.transformer import Transformer, read_document, transformed

REFRESH_MS = 5_000
"""How long a transformer that another process put may stay unknown."""
STANDARD = "STANDARD"
"""The class of groups that have transformers."""


class Transforming:
    """What the ingest asks after data protection masked: nothing of what is masked comes back by a field."""

    def __init__(self, documents: LogDocuments, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock
        self._ready = Documents({}, ())
        self._known = (-1, 0)  # (changes, when) of `_ready`
        self._read: dict[str, Transformer] = {}

    async def __call__(self, batches: Sequence[LogBatch]) -> Sequence[LogBatch]:
        """The batches with what their events became; those of groups without a transformer as they are."""
        now = self._clock.now_ms()
        changes, (known, at) = self._documents.changes, self._known
        if known != changes or not 0 <= now - at < REFRESH_MS:
            self._ready = await self._documents.every(DocumentKind.TRANSFORMER)
            self._read, self._known = {}, (changes, now)
        if not self._ready.groups and not self._ready.accounts:
            return batches
        return [batch if (one := self._of(batch.group)) is None else transformed(batch, one) for batch in batches]

    def _of(self, group: Group) -> Transformer | None:
        document = self._ready.of(group) if group.class_ == STANDARD else None
        if document is None:
            return None
        if document.text not in self._read:
            self._read[document.text] = read_document(document.text)
        return self._read[document.text]
