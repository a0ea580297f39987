"""Who was locked out, told to the audit: counted, so that a flood of tries makes few records."""

from collections.abc import Mapping
from dataclasses import dataclass

from trimtab.access.principal import Principal, Role
from trimtab.access.room import AccessRoom
from trimtab.access.scope import EVERYTHING
from trimtab.audit.room import AuditRoom
from trimtab.base.clock import Clock
from trimtab.base.ids import new_id
from trimtab.doors.auditing.recorder import Change, ChangeRecorder
from trimtab.doors.auditing.site import SIGN_IN
from trimtab.jobs.periodic import Job
from trimtab.settings import Settings

_EVERY_S = 10.0


@dataclass(slots=True)
class AccessAudit:
    """Of one server."""

    access: AccessRoom
    recorder: ChangeRecorder

    @classmethod
    def of(cls, settings: Settings, access: AccessRoom, audit: AuditRoom, clock: Clock) -> "AccessAudit":
        """Over the audit room."""
        return cls(access, ChangeRecorder(audit.ingest, clock, settings.account_id, settings.region))

    def job(self) -> Job:
        """The job."""
        return Job("tell the audit who was locked out", _EVERY_S, self.tell)

    async def tell(self) -> None:
        """Record what is not recorded yet. Raises Throttled, DiskFull."""
        for one in await self.access.lockout.untold():
            told = {"kind": one.kind, "subject": one.subject, "times": one.untold, "failures": one.failures}
            await self.recorder.record(_change("SignInLockedOut", one.subject, told))


def _change(name: str, who: str, parameters: Mapping[str, object]) -> Change:
    principal = Principal(who, None, Role.FINANCE, EVERYTHING)
    change = Change(principal, SIGN_IN, name, new_id(), type="AwsServiceEvent", parameters=parameters)
    change.error_code, change.error_message = "Throttled", "too many failed sign-ins"
    return change
