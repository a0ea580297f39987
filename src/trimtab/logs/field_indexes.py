"""Field indexes: which fields of a group's events are named as indexed, by its own policy or its account's.

The engine keeps columns, which it reads for every field alike: an index is kept and told, and makes no query faster.
Source: API reference, PutIndexPolicy.
"""

from collections.abc import Mapping, Sequence

from trimtab.base import typed
from trimtab.base.errors import InvalidInput

MOST_FIELDS = 20
MOST_NAME = 100
"""Fields of a policy and characters of a name, as documented."""
DEFAULT = ("@logStream", "@aws.region", "@aws.account", "@source.log", "traceId")
"""Fields that are indexed in every group of the class STANDARD."""
FACET, FIELD_INDEX = "FACET", "FIELD_INDEX"


def read_index_policy(text: str) -> Mapping[str, str]:
    """The fields of a policy, each with its type, in their order. Raises InvalidInput."""
    try:
        document = typed.decode(text)
    except (ValueError, RecursionError):
        document = None
    fields = document.get("Fields", []) if isinstance(document, dict) else None
    typed_fields = document.get("FieldsV2", {}) if isinstance(document, dict) else None
    if not isinstance(fields, list) or not isinstance(typed_fields, dict) or not (fields or typed_fields):
        raise InvalidInput('cannot use the index policy: expected JSON such as {"Fields": ["requestId"]}')
    found = dict.fromkeys(fields, FIELD_INDEX) if all(isinstance(one, str) for one in fields) else {"": ""}
    for name, of in typed_fields.items():
        found[name] = of.get("type", FIELD_INDEX) if isinstance(of, dict) else ""
    if len(found) > MOST_FIELDS or not all(0 < len(one) <= MOST_NAME for one in found):
        raise InvalidInput(
            f"cannot use the index policy: expected at most {MOST_FIELDS} names of 1 to {MOST_NAME} characters"
        )
    if wrong := sorted(set(found.values()) - {FACET, FIELD_INDEX}):
        raise InvalidInput(f"cannot use the index policy: got the type {wrong[0]!r}; expected {FIELD_INDEX} or {FACET}")
    return found


def indexed(text: str, names: Sequence[str]) -> bool:
    """Whether a policy names all of some fields, or they are indexed everywhere."""
    return set(names) <= {*DEFAULT, *read_index_policy(text)} if text else set(names) <= set(DEFAULT)
