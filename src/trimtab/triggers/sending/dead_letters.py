"""Where deliveries go that were given up: a log group, a file for a queue's name, a webhook or a topic.

A queue's ARN (arn:aws:sqs:…:name) means the file `dead-letters/name.jsonl` in the data directory: one JSON object a
line, as the message in AWS's queue would be.
"""

import asyncio
import json
import os
from pathlib import Path

from msgspec import Struct

from trimtab.base.errors import InvalidInput, TrimtabError, Unavailable
from trimtab.base.partitions import service_of
from trimtab.base.records import replace
from trimtab.triggers import arns
from trimtab.triggers.entries import stable_id
from trimtab.triggers.model import Delivery, Outcome
from trimtab.triggers.sending.contract import Sender

KEPT_HERE = "kept here"
"""What the log says of a dead delivery whose target names no place for its letter: it can be sent again from here."""
PENDING = "pending"
_ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


class DeadLetters(Struct, frozen=True):
    """Writes dead letters. `senders` are those of log groups, webhooks and topics."""

    directory: Path
    senders: tuple[Sender, ...]

    async def post(self, delivery: Delivery) -> str:
        """Write the letter of a dead delivery; returns in words where it went, or why it did not."""
        arn = (delivery.form.get("DeadLetterConfig") or {}).get("Arn")
        if not arn:
            return KEPT_HERE
        try:
            if service_of(arn) == "sqs":
                return await asyncio.to_thread(self._to_file, arn, letter(delivery))
            sender = next((one for one in self.senders if one.takes(arn)), None)
            if sender is None:
                return f"not written: {arn} is no log group, queue, topic or URL"
            told = replace(delivery, arn=arn, input=letter(delivery), id=stable_id("letter", delivery.id))
            sent = await sender.send(told)
        except TrimtabError as problem:
            return f"not written to {arn}: {problem}"
        return arn if sent.outcome is Outcome.DELIVERED else f"not written to {arn}: {sent.reason}"

    def _to_file(self, arn: str, text: str) -> str:
        name = arns.parse(arn).resource
        if not name or not set(name) <= _ALLOWED or name.startswith("."):
            raise InvalidInput(f"{name!r} is no queue's name")
        path = self.directory / f"{name}.jsonl"
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as out:
                out.write(text + "\n")
                out.flush()
                os.fsync(out.fileno())
        except OSError as problem:
            raise Unavailable(f"cannot write {path}: {problem}") from problem
        return str(path)


def letter(delivery: Delivery) -> str:
    """A dead letter: what was to be sent, with the attributes that AWS puts on it."""
    attributes = {
        "RULE_ARN": delivery.rule,
        "TARGET_ARN": delivery.arn,
        "ERROR_CODE": str(delivery.status or "NO_ANSWER"),
        "ERROR_MESSAGE": delivery.reason,
        "DELIVERY_ID": delivery.id,
        "ATTEMPTS": delivery.attempts,
    }
    return json.dumps({"body": delivery.input, "attributes": attributes})
