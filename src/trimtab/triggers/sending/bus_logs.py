"""What event buses log of themselves: invocations that failed, and at the level INFO those that went well.

Delivered to log groups as a vended log of the bus, where its LogConfig asks for the level and a delivery has the bus as
its source. Source: EventBridge user guide, "Logging for event buses": the members of a record are those of its schema.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct

from trimtab.base.errors import NotFound, TrimtabError
from trimtab.triggers import arns
from trimtab.triggers.arns import DEFAULT_BUS, name_of
from trimtab.triggers.buses import BusStore
from trimtab.triggers.model import Delivery, DeliveryState, Sent
from trimtab.triggers.sending.inside import WriteLog

_LEVELS = ("OFF", "ERROR", "INFO", "TRACE")
_SAID = {DeliveryState.DEAD: ("ERROR", "INVOCATION_FAILURE"), DeliveryState.DELIVERED: ("INFO", "INVOCATION_SUCCESS")}
_log = logging.getLogger(__name__)


class BusLogs(Struct, frozen=True):
    """Writes records. `groups_for` are the log groups that logs of a type of a bus go to."""

    buses: BusStore
    groups_for: Callable[[str, str], Awaitable[Sequence[str]]]
    write: WriteLog

    async def tell(self, delivery: Delivery, sent: Sent, state: DeliveryState, now_ms: int) -> None:
        """Log what came of a delivery. What cannot be logged is told in trimtab's own log, and holds nothing up."""
        if state not in _SAID:
            return
        level, type_ = _SAID[state]
        try:
            bus = await self.buses.get(delivery.place, _bus_of(delivery.rule))
            wanted = (bus.options.get("LogConfig") or {}).get("Level", "OFF")
            if _LEVELS.index(wanted) < _LEVELS.index(level):
                return
            message = _record(delivery, sent, bus.arn, level, type_, now_ms)
            for group in await self.groups_for(bus.arn, f"{level}_LOGS"):
                at = arns.parse(group)
                name = at.resource.removeprefix("log-group:").removesuffix(":*")
                await self.write(at.place, name, bus.name, now_ms, message, f"{delivery.id}/{type_}/{name}")
        except NotFound:  # a bus that is gone logs nothing
            return
        except TrimtabError as problem:
            _log.warning("cannot log a delivery of %s: %s", delivery.rule, problem)


def _bus_of(rule: str) -> str:
    """The name of the bus of a rule's ARN."""
    parts = arns.parse(rule).resource.split("/")
    return parts[1] if len(parts) > 2 else DEFAULT_BUS


def _record(delivery: Delivery, sent: Sent, bus: str, level: str, type_: str, now_ms: int) -> str:
    details = {
        "rule_arn": delivery.rule,
        "rule_name": name_of(delivery.rule),
        "target_arn": delivery.arn,
        "total_attempts": delivery.attempts + 1,
        "final_invocation_status": "FAILED" if level == "ERROR" else "SUCCESS",
        "ingestion_to_complete_latency_ms": now_ms - delivery.created_ms,
    }
    if level == "ERROR":
        details |= {"error_code": str(sent.status or "NO_ANSWER"), "error_message": sent.reason}
    record = {
        "resource_arn": bus,
        "message_timestamp_ms": now_ms,
        "event_bus_name": name_of(bus),
        "request_id": delivery.id,
        "event_id": delivery.event,
        "invocation_id": delivery.id,
        "message_type": type_,
        "log_level": level,
        "details": details,
    }
    return json.dumps(record)
