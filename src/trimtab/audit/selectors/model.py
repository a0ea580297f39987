"""Event selectors: which records a trail delivers and an event data store holds, as they are put.

Source: PutEventSelectors, AdvancedFieldSelector and DataResource of the CloudTrail API reference.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.base.errors import InvalidInput

OPERATORS = ("Equals", "StartsWith", "EndsWith", "NotEquals", "NotStartsWith", "NotEndsWith")
FIELDS = (
    "readOnly",
    "eventSource",
    "eventName",
    "eventCategory",
    "eventType",
    "resources.type",
    "resources.ARN",
    "sessionCredentialFromConsole",
    "userIdentity.arn",
    "errorCode",
    "vpcEndpointId",
)
"""Fields that a selector may name."""
CATEGORIES = ("Management", "Data", "NetworkActivity", "Insight", "ConfigurationItem", "Evidence", "ActivityAuditLog")
_MOST_VALUES = 500
_MOST_BASIC = 5
_EXCLUDABLE = ("kms.amazonaws.com", "rdsdata.amazonaws.com")

ALL_MANAGEMENT: tuple[Mapping[str, Any], ...] = (
    {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": [], "ExcludeManagementEventSources": []},
)
"""What a trail has that was told nothing."""
DEFAULT_ADVANCED: tuple[Mapping[str, Any], ...] = (
    {"Name": "Default management events", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]},
)
"""What an event data store has that was told nothing."""


def check_basic(selectors: Sequence[Mapping[str, Any]]) -> None:
    """Raise InvalidInput for basic selectors that CloudTrail refuses."""
    if not 1 <= len(selectors) <= _MOST_BASIC:
        raise InvalidInput(f"cannot use {len(selectors)} event selectors: expected 1 to {_MOST_BASIC}")
    for one in selectors:
        wrong = [each for each in one.get("ExcludeManagementEventSources") or () if each not in _EXCLUDABLE]
        if wrong:
            raise InvalidInput(f"cannot exclude {wrong[0]!r}: expected one of {', '.join(_EXCLUDABLE)}")
        for resource in one.get("DataResources") or ():
            if not resource.get("Type") or not resource.get("Values"):
                raise InvalidInput("cannot use a DataResource without Type and Values")


def check_advanced(selectors: Sequence[Mapping[str, Any]]) -> None:
    """Raise InvalidInput for advanced selectors that CloudTrail refuses."""
    values = 0
    for one in selectors:
        fields = [each["Field"] for each in one["FieldSelectors"]]
        if "eventCategory" not in fields:
            raise InvalidInput("cannot use an advanced event selector without eventCategory")
        if len(set(fields)) < len(fields):
            raise InvalidInput("cannot use an advanced event selector that names one field twice")
        for each in one["FieldSelectors"]:
            values += _check_field(each)
    if values > _MOST_VALUES:
        raise InvalidInput(f"cannot use advanced event selectors with {values} values: expected at most {_MOST_VALUES}")


def _check_field(selector: Mapping[str, Any]) -> int:
    field = selector["Field"]
    given = [name for name in OPERATORS if selector.get(name)]
    if field not in FIELDS:
        raise InvalidInput(f"cannot select by {field!r}: expected one of {', '.join(FIELDS)}")
    if not given:
        raise InvalidInput(f"cannot select by {field}: expected one of {', '.join(OPERATORS)} with a value")
    if field in ("eventCategory", "readOnly") and given != ["Equals"]:
        raise InvalidInput(f"cannot select by {field} with {', '.join(given)}: expected Equals alone")
    if field == "eventCategory":
        wrong = [value for value in selector["Equals"] if value not in CATEGORIES]
        if wrong or len(selector["Equals"]) != 1:
            raise InvalidInput(f"cannot select by eventCategory {selector['Equals']}: expected one of {CATEGORIES}")
    return sum(len(selector[name]) for name in given)
