"""What was allowed and what was refused of outgoing connections, told to the audit: of the jobs process too, which has
no log of its own to write records to."""

import asyncio
from collections.abc import Mapping

from trimtab.access.principal import Principal, Role
from trimtab.access.scope import EVERYTHING
from trimtab.audit.room import AuditRoom
from trimtab.base.clock import Clock
from trimtab.base.ids import new_id
from trimtab.doors.auditing.recorder import Change, ChangeRecorder
from trimtab.egress.gate import Gate
from trimtab.jobs.periodic import Job
from trimtab.settings import Settings

SOURCE = "egress.trimtab"
_EVERY_S = 5.0


def egress_audit(settings: Settings, gate: Gate, audit: AuditRoom, clock: Clock) -> Job:
    """The job. A record may come twice after a crash, and is never left out."""
    recorder = ChangeRecorder(audit.ingest, clock, settings.account_id, settings.region)

    async def tell() -> None:
        entries = await asyncio.to_thread(gate.entries.unaudited)
        refusals = [one for one in await asyncio.to_thread(gate.entries.refusals) if one.unaudited]
        for entry in entries:
            allowed = {"place": str(entry.place), "note": entry.note}
            await recorder.record(_change("AllowConnection", entry.made_by, allowed))
        for refusal in refusals:
            told = {"place": str(refusal.place), "times": refusal.unaudited}
            change = _change("Connect", refusal.asked_by, told)
            change.error_code, change.error_message = "ConnectionRefused", refusal.reason
            await recorder.record(change)
        await asyncio.to_thread(gate.entries.audited, entries, refusals)

    return Job("tell the audit of outgoing connections", _EVERY_S, tell)


def _change(name: str, who: str, parameters: Mapping[str, object]) -> Change:
    principal = Principal(who, None, Role.READ, EVERYTHING)
    return Change(principal, SOURCE, name, new_id(), type="AwsServiceEvent", parameters=parameters)
