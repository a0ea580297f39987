"""Which account and region an address means, and that nobody is told of one that they may not see."""

import pytest

from trimtab.access.principal import Principal, Role
from trimtab.access.scope import Scope
from trimtab.base.errors import NotFound
from trimtab.web.view import View
from trimtab.web.window import read_window


def _place(scope: Scope, own: str = "", **parameters: str) -> tuple[str, str]:
    principal = Principal("somebody", own or None, Role.READ, scope)
    window = read_window({}, 1000, None)
    view = View("/alarms", tuple(parameters.items()), window, False, "", principal, 1000, "")
    return view.place("111111111111", "us-east-1")


def test_an_address_goes_before_the_viewers_account_and_that_before_the_servers() -> None:
    everything = Scope()
    assert ("111111111111", "us-east-1") == _place(everything)
    assert ("222222222222", "us-east-1") == _place(everything, "222222222222")
    asked = {"account": "333333333333", "region": "eu-west-1"}
    assert ("333333333333", "eu-west-1") == _place(everything, "222222222222", **asked)


@pytest.mark.parametrize(
    "scope", [Scope(accounts=frozenset({"222222222222"})), Scope(regions=frozenset({"eu-west-1"}))]
)
def test_nobody_is_told_of_what_they_may_not_see(scope: Scope) -> None:
    with pytest.raises(NotFound, match="nothing is known of account 111111111111 in us-east-1"):
        _place(scope)
    assert ("222222222222", "eu-west-1") == _place(scope, account="222222222222", region="eu-west-1")
