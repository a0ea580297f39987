"""Who may let the server connect elsewhere: whoever administers all of it."""

import pytest

from trimtab.access.principal import Principal, Role, scope_of
from trimtab.access.scope import RowRule
from trimtab.doors.asker import asker_of

HOME = "123456789012"
TEAM = (RowRule("team", frozenset({"search"})),)


@pytest.mark.parametrize(
    ("account", "rows", "role", "expected"),
    [(None, (), Role.ADMIN, True), (HOME, (), Role.ADMIN, True), ("2" * 12, (), Role.ADMIN, False),
     (None, TEAM, Role.ADMIN, False), (HOME, TEAM, Role.ADMIN, False), (None, (), Role.WRITE, False)],
)  # fmt: skip
def test_an_administrator_of_an_account_or_a_team_adds_no_place(
    account: str | None, rows: tuple[RowRule, ...], role: Role, expected: bool
) -> None:
    principal = Principal("x", account, role, scope_of(account, rows))
    assert asker_of(principal, HOME).may_allow is expected
