"""Roles include each other in one order."""

import pytest

from trimtab.access.principal import LOCAL_OPERATOR, Principal, Role, everything_only, scope_of
from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.base.errors import AccessDenied


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.FINANCE, {Role.FINANCE}),
        (Role.READ, {Role.FINANCE, Role.READ}),
        (Role.WRITE, {Role.FINANCE, Role.READ, Role.WRITE}),
        (Role.ADMIN, {Role.FINANCE, Role.READ, Role.WRITE, Role.ADMIN}),
    ],
)
def test_a_role_includes_those_below_it(role: Role, allowed: set[Role]) -> None:
    principal = Principal("someone", None, role, EVERYTHING)
    assert {needed for needed in Role if principal.may(needed)} == allowed


def test_the_local_operator_sees_and_does_everything() -> None:
    assert LOCAL_OPERATOR.may(Role.ADMIN)
    assert LOCAL_OPERATOR.scope == EVERYTHING


def test_a_bound_account_limits_what_is_seen() -> None:
    assert scope_of(None) == EVERYTHING
    assert scope_of("210987654321") == Scope(accounts=frozenset({"210987654321"}))


def test_what_is_about_everything_is_refused_to_who_sees_less() -> None:
    everything_only(LOCAL_OPERATOR, "read statements")
    bound = Principal("ci", "123456789012", Role.ADMIN, scope_of("123456789012"))
    with pytest.raises(AccessDenied, match=r"^cannot read statements: 'ci' is bound to account 123456789012$"):
        everything_only(bound, "read statements")
    rule = RowRule("team", frozenset({"vision"}))
    with pytest.raises(AccessDenied, match=r"^cannot read statements: 'lead' sees team=vision only"):
        everything_only(Principal("lead", None, Role.ADMIN, scope_of(None, (rule,))), "read statements")
