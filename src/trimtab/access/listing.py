"""A row of `access_keys` as lists tell of it."""

from sqlalchemy import RowMapping

from trimtab.access.choices import OWN, choices_of, chosen, own_grant
from trimtab.access.grant import Grant
from trimtab.access.grants import SERVICE, Named
from trimtab.access.key import DISABLED, LIVE, REVOKED, USER, KeyInfo, state_of, warning_of
from trimtab.base.records import replace


def info_of(row: RowMapping, named: Named, now_ms: int, last_used_ms: int | None) -> KeyInfo:
    """The row of a key, or of a person."""
    choices = choices_of(row, named)
    acting = chosen(row, choices) if choices else OWN
    grant = choices.get(acting) or own_grant(row)
    state = state_of(row["revoked_ms"], row["expires_ms"], now_ms)
    if row["kind"] == USER and state == REVOKED:
        state = DISABLED  # they may be let in again
    info = KeyInfo(
        id=row["id"],
        kind=row["kind"],
        name=row["name"],
        role=grant.role,
        account=grant.account,
        created_ms=row["created_ms"],
        last_used_ms=last_used_ms,
        revoked_ms=row["revoked_ms"],
        rows=grant.rows,
        expires_ms=row["expires_ms"],
        replaced_by=row["replaced_by"],
        state=state if choices or state != LIVE else DISABLED,
        service_account=row["owner"],
        groups=tuple(name for name in choices if name != OWN),
        group=acting,
        choices=tuple(choices.values()) or (_dormant(row, named),),
    )
    return replace(info, warning=warning_of(info, now_ms))


def _dormant(row: RowMapping, named: Named) -> Grant:
    """What a row that opens nothing now would give again: who may not have that may not see it."""
    service = named.get((SERVICE, row["owner"]))
    return own_grant(row) if service is None else service.grant
