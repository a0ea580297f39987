"""A caller as the gate of outgoing connections knows it."""

from trimtab.access.principal import Principal, Role
from trimtab.egress.asker import Asker


def asker_of(principal: Principal, home: str | None = None) -> Asker:
    """Who administers the whole server may let it connect to further places; who administers an account or a team not.

    `home` is the server's own account where credentials cannot but be of an account, as AWS's are: its administrators
    are the server's.
    """
    whole = principal.account in (None, home) and not principal.scope.rows
    return Asker(principal.name, may_allow=principal.may(Role.ADMIN) and whole)
