"""Who was locked out and who was refused, told to the audit: as counts, so that a flood makes few records."""

from collections.abc import Mapping

from msgspec import Struct

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

_EVERY_S = 60.0
REFUSED, LOCKED_OUT = "AccessRefused", "SignInLockedOut"
_CODES = {401: "Unauthenticated", 403: "AccessDenied", 429: "Throttled"}


class AccessAudit(Struct):
    """Of one server."""

    access: AccessRoom
    recorder: ChangeRecorder

    @classmethod
    def of(cls, settings: Settings, access: AccessRoom, audit: AuditRoom, clock: Clock) -> "AccessAudit":
        """Over the audit room."""
        return cls(access, ChangeRecorder(audit.ingest, clock, settings.account_id, settings.region))

    def job(self) -> Job:
        """The job."""
        return Job("tell the audit who was refused", _EVERY_S, self.tell)

    async def tell(self) -> None:
        """Record what is not recorded yet. Raises Throttled, DiskFull."""
        for one in await self.access.lockout.untold():
            told = {"kind": one.kind, "subject": one.subject, "times": one.untold, "failures": one.failures}
            await self.recorder.record(_change(LOCKED_OUT, one.subject, told, 429))
        for refusal in await self.access.refusals.untold():
            refused = refusal.refused
            about = {"door": refused.door, "status": refused.status, "path": refusal.path, "times": refusal.untold}
            change = _change(REFUSED, refused.who or "anonymous", about, refused.status)
            change.client = refused.address
            await self.recorder.record(change)


def _change(name: str, who: str, parameters: Mapping[str, object], status: int) -> Change:
    principal = Principal(who, None, Role.FINANCE, EVERYTHING)
    change = Change(principal, SIGN_IN, name, new_id(), type="AwsServiceEvent", parameters=parameters)
    change.error_code, change.error_message = _CODES[status], "was not let in"
    return change
