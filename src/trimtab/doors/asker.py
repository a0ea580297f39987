"""A caller as the gate of outgoing connections knows it."""

from trimtab.access.principal import Principal, Role
from trimtab.egress.asker import Asker


def asker_of(principal: Principal) -> Asker:
    """Who administers the whole server may let it connect to further places; an administrator of one account not."""
    return Asker(principal.name, may_allow=principal.may(Role.ADMIN) and principal.account is None)
