"""What a form of the pages gives: a role, an account, teams and tags."""

from collections.abc import Mapping

from trimtab.access.grant import Grant, rules_of
from trimtab.access.principal import Principal, Role
from trimtab.access.scope import RowRule
from trimtab.base.errors import InvalidInput


def read_grant(form: Mapping[str, str], principal: Principal) -> Grant:
    """What a form's fields role, account, teams and tags give, of what the caller has. Raises InvalidInput,
    AccessDenied."""
    role = form.get("role", Role.READ)
    account = form.get("account", "").strip() or None
    if role not in set(Role):
        raise InvalidInput(f"cannot use role {role!r}: expected {', '.join(Role)}")
    if account is not None and not (len(account) == 12 and account.isascii() and account.isdigit()):
        raise InvalidInput(f"cannot use account {account!r}: expected 12 digits")
    return Grant.of(principal).handed_on(Role(role), account, _rules(form))


def _rules(form: Mapping[str, str]) -> tuple[RowRule, ...]:
    tags: dict[str, set[str]] = {}
    for text in words_of(form.get("tags", "")):
        key, separator, value = text.partition("=")
        if not separator:
            raise InvalidInput(f"cannot use tag {text!r}: expected KEY=VALUE")
        tags.setdefault(key.strip(), set()).add(value.strip())
    return rules_of(words_of(form.get("teams", "")), tags)


def words_of(text: str) -> list[str]:
    """The words between the commas of a field."""
    return [word.strip() for word in text.split(",") if word.strip()]
