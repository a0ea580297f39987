"""Names of keys, users, groups and service accounts: they are printed in lists, logs and ARNs."""

import re

from trimtab.base.errors import InvalidInput

MOST_CHARACTERS = 100
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._@/+=,:-]*")


def checked_name(name: str, what: str = "key") -> str:
    """The name as it is. Raises InvalidInput for one that cannot be used."""
    if len(name) > MOST_CHARACTERS or not _NAME.fullmatch(name):
        raise InvalidInput(
            f"cannot make {what}: got name {name!r}; expected at most {MOST_CHARACTERS} letters, digits, spaces and "
            "._@/+=,:- that start with a letter or digit",
            field="name",
        )
    return name
