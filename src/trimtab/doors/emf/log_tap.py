"""Documents of the embedded metric format inside log events become metrics, as CloudWatch Logs extracts them.

What they measure is durable when the request that brought the events is answered. A crash between the two loses the
metrics of that request, not its events; a request that is sent again counts once.
"""

from collections.abc import Sequence

from trimtab.doors.emf.document import MOST_POINTS
from trimtab.doors.emf.door import EmfDoor
from trimtab.doors.writing import Writing
from trimtab.logs.model import LogBatch

WORDS = ('"_aws"',)
"""What a document has in it."""


class EmfTap:
    """Is told of the log events that were kept and have one of WORDS."""

    def __init__(self, writing: Writing) -> None:
        self._door = EmfDoor(writing)

    async def __call__(self, batches: Sequence[LogBatch]) -> None:
        """Read the documents among the events. Raises Throttled or Unavailable; what is not written stays held."""
        held = self._door.held
        for batch in batches:
            for event in batch.events:
                if event.message.lstrip()[:1] == "{" and WORDS[0] in event.message:
                    if held.room < MOST_POINTS:
                        await held.flush()
                    self._door.document(event.message.encode("utf-8", "replace"), batch.group.name)
        await held.flush()
