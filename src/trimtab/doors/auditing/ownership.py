"""Whose records somebody may send: a key that is bound to an account writes none of another's history."""

from trimtab.access.principal import Principal
from trimtab.audit.model import AuditEvent
from trimtab.base.errors import InvalidInput


def check_account(event: AuditEvent, principal: Principal) -> None:
    """Raise InvalidInput for a record of an account that is not the sender's."""
    if principal.account is not None and event.account != principal.account:
        raise InvalidInput(
            f"cannot take the record of account {event.account!r}: {principal.name!r} is bound to {principal.account}"
        )
