"""Data protection policies: JSON documents that say which data are audited and masked, and where findings go.

    {"Name": "p", "Version": "2021-06-01", "Statement": [
      {"DataIdentifier": ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"],
       "Operation": {"Audit": {"FindingsDestination": {"CloudWatchLogs": {"LogGroup": "findings"}}}}},
      {"DataIdentifier": ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"],
       "Operation": {"Deidentify": {"MaskConfig": {}}}}]}

Own identifiers: `"Configuration": {"CustomDataIdentifier": [{"Name": "Badge", "Regex": "B-\\d{6}"}]}`.
Source: API reference, PutDataProtectionPolicy; user guide, "Understanding data protection policies".
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import re2
from msgspec import Struct

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.logs.protection.identifiers import ARN, MANAGED, Finder, Identifier

MAX_DOCUMENT = 30_720
"""Characters of a policy, as documented."""
_MAX_CUSTOM = 10
_MAX_REGEX = 200
_CUSTOM_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")


class Policy(Struct, frozen=True):
    """A policy that was read: what is looked for, whether it is masked, and the group that findings are written to."""

    name: str
    finders: tuple[Finder, ...]
    masks: bool
    findings_group: str = ""


def read_policy(document: str) -> Policy:
    """The policy in a JSON document. Raises InvalidInput, which says what is wrong."""
    if len(document) > MAX_DOCUMENT:
        raise InvalidInput(f"cannot use the policy: got {len(document)} characters; expected at most {MAX_DOCUMENT}")
    try:
        found = typed.decode(document)
    except (ValueError, RecursionError):
        raise _wrong("it is not JSON") from None
    if not isinstance(found, dict) or not isinstance(found.get("Statement"), list):
        raise _wrong("it has no list Statement")
    if found.get("Version", "2021-06-01") != "2021-06-01":
        raise _wrong(f"got Version {found['Version']!r}; expected 2021-06-01")
    custom = _custom(found.get("Configuration") or {})
    audits = [one for one in found["Statement"] if _operation(one, "Audit") is not None]
    masks = [one for one in found["Statement"] if _operation(one, "Deidentify") is not None]
    if len(audits) != 1 or len(audits) + len(masks) != len(found["Statement"]):
        raise _wrong("expected one statement with the operation Audit, and one with Deidentify where data are masked")
    names = _names(audits[0])
    for one in masks:
        if _names(one) != names:
            raise _wrong("the DataIdentifier of Audit and of Deidentify must be the same")
        if (_operation(one, "Deidentify") or {}).get("MaskConfig") != {}:
            raise _wrong('expected "Deidentify": {"MaskConfig": {}}')
    finders = tuple(Finder(_identifier(name, custom)) for name in names)
    return Policy(str(found.get("Name", "")), finders, bool(masks), _destination(_operation(audits[0], "Audit") or {}))


def _operation(statement: Any, name: str) -> Mapping[str, Any] | None:
    operations = statement.get("Operation") if isinstance(statement, dict) else None
    found = operations.get(name) if isinstance(operations, dict) else None
    return found if isinstance(found, dict) else None


def _names(statement: Mapping[str, Any]) -> Sequence[str]:
    names = statement.get("DataIdentifier")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise _wrong("a statement has no list DataIdentifier")
    return sorted(set(names))


def _identifier(name: str, custom: Mapping[str, Identifier]) -> Identifier:
    found = MANAGED.get(name.removeprefix(ARN)) if name.startswith(ARN) else custom.get(name)
    if found is None:
        known = ", ".join((*MANAGED, *custom))
        raise InvalidInput(f"cannot use the data identifier {name[:200]!r}; trimtab knows {known}")
    return found


def _custom(configuration: Any) -> dict[str, Identifier]:
    given = configuration.get("CustomDataIdentifier", []) if isinstance(configuration, dict) else None
    if not isinstance(given, list) or len(given) > _MAX_CUSTOM:
        raise _wrong(f"expected at most {_MAX_CUSTOM} CustomDataIdentifier in Configuration")
    found = {}
    for one in given:
        name, regex = (one.get("Name"), one.get("Regex")) if isinstance(one, dict) else (None, None)
        if not isinstance(name, str) or not _CUSTOM_NAME.fullmatch(name):
            raise _wrong(f"got the name {name!r} of an own identifier; expected letters, digits, _ and -")
        if not isinstance(regex, str) or not 0 < len(regex) <= _MAX_REGEX:
            raise _wrong(f"the identifier {name} needs a Regex of at most {_MAX_REGEX} characters")
        try:
            found[name] = own = Identifier(name, f"(?:{regex})")
            empty = Finder(own).spans("")
        except re2.error as problem:
            raise _wrong(f"the Regex of {name} is not one of RE2: {problem}") from None
        if empty:
            raise _wrong(f"the Regex of {name} matches nothing at all, and so everywhere")
    return found


def _destination(audit: Mapping[str, Any]) -> str:
    destination = audit.get("FindingsDestination")
    if not isinstance(destination, dict):
        raise _wrong('expected "Audit": {"FindingsDestination": {}}')
    unknown = sorted(set(destination) - {"CloudWatchLogs"})
    if unknown:
        raise _wrong(f"findings cannot go to {unknown[0]}; expected CloudWatchLogs, or none: {{}}")
    logs = destination.get("CloudWatchLogs", {})
    group = logs.get("LogGroup", "") if isinstance(logs, dict) else None
    if not isinstance(group, str) or (destination and not group):
        raise _wrong('expected "CloudWatchLogs": {"LogGroup": "a name"}')
    return group


def _wrong(why: str) -> InvalidInput:
    return InvalidInput(f"cannot use the data protection policy: {why}")
