"""The contract of a sender: one for each kind of target."""

from typing import Protocol

from trimtab.triggers.model import Delivery, Sent


class Sender(Protocol):
    """Sends to one kind of target. What is sent twice must be told apart by the delivery's id, where the target can."""

    def takes(self, arn: str) -> bool:
        """Whether a target of this ARN, or URL, is of this kind."""
        ...

    async def send(self, delivery: Delivery) -> Sent:
        """Send once. Raises InvalidInput or NotFound for what can never arrive, other TrimtabErrors for what may."""
        ...
