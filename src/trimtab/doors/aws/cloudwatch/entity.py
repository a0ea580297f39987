"""Entities of PutMetricData: checked as documented. Source: "How to add related information to telemetry".

trimtab relates signals by resource and tags, so an entity is checked and acknowledged but adds nothing to a series.
"""

from collections.abc import Mapping
from typing import Any

from trimtab.doors.aws.cloudwatch.complaints import Complaints

MAX_ENTITIES = 2
_KEYS = frozenset({"Type", "ResourceType", "Identifier", "Name", "Environment"})
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "Service": ("Name", "Environment"),
    "RemoteService": ("Name",),
    "AWS::Service": ("Name",),
    "Resource": ("ResourceType", "Identifier"),
    "AWS::Resource": ("ResourceType", "Identifier"),
}


def check_entities(request: dict[str, Any], complaints: Complaints) -> str | None:
    """What is wrong with the entities, in the service's word for it.

    Strict validation makes it a complaint; without, the word goes into the X-Amzn-Failure-Message header and the
    metrics are taken all the same.
    """
    strict = request.get("StrictEntityValidation")
    if strict is None:
        complaints.missing("StrictEntityValidation")
        return None
    entities = request["EntityMetricData"]
    failures = [failure for item in entities if (failure := _failure(item.get("Entity")))]
    failure = "EntitySizeTooLarge" if len(entities) > MAX_ENTITIES else next(iter(failures), None)
    if failure and strict:
        complaints.invalid(f"The parameter EntityMetricData is invalid: {failure}.")
        return None
    return failure


def _failure(entity: dict[str, Any] | None) -> str | None:
    if entity is None:
        return "InvalidEntity"
    keys: dict[str, str] = entity.get("KeyAttributes", {})
    if not 2 <= len(keys) <= 4 or not set(keys) <= _KEYS or not all(0 < len(value) <= 2048 for value in keys.values()):
        return "InvalidKeyAttributes"
    needed = _NEEDED.get(keys.get("Type", ""))
    if needed is None:
        return "InvalidTypeValue"
    if not all(name in keys for name in needed):
        return "MissingRequiredFields"
    attributes: dict[str, str] = entity.get("Attributes", {})
    if len(attributes) > 10 or not all(
        0 < len(name) <= 256 and 0 < len(value) <= 2048 for name, value in attributes.items()
    ):
        return "InvalidAttributes"
    return None
