"""Checks of namespaces, metric names and dimensions. Sources: API reference, "PutMetricData" and "Dimension"."""

import re
from collections.abc import Sequence

from trimtab.doors.aws.cloudwatch.complaints import Complaints, bad_value, too_long, too_many
from trimtab.doors.aws.cloudwatch.limits import MAX_DIMENSION_VALUE, MAX_DIMENSIONS, MAX_NAME

_ASCII = re.compile(r"[\x20-\x7e]*")
"""ASCII without control characters: the service calls a newline "non-ASCII" as well."""
RESERVED = "AWS/"


def check_namespace(
    namespace: str | None, complaints: Complaints, *, writing: bool = True, path: str = "Namespace"
) -> None:
    """A namespace; one that is written to must not begin with AWS/, which is kept for AWS's own services."""
    if not namespace:
        complaints.missing(path)
    elif len(namespace) > MAX_NAME:
        complaints.invalid(too_long(path, MAX_NAME))
    elif (
        namespace.startswith(":")
        or not _ASCII.fullmatch(namespace)
        or not namespace.strip()
        or (writing and namespace.startswith(RESERVED))
    ):
        complaints.invalid(bad_value(namespace, path))


def check_metric_name(name: str | None, path: str, complaints: Complaints) -> None:
    """A metric's name."""
    if not name:
        complaints.missing(path)
    else:
        _check_text(name, path, MAX_NAME, complaints)


def check_dimensions(pairs: Sequence[tuple[str | None, str | None]], path: str, complaints: Complaints) -> None:
    """The (name, value) pairs of one metric; `path` ends in `Dimensions`."""
    if len(pairs) > MAX_DIMENSIONS:
        complaints.invalid(too_many(path, MAX_DIMENSIONS))
        return
    for number, (name, value) in enumerate(pairs, 1):
        inner = f"{path}.member.{number}"
        if not name:
            complaints.missing(f"{inner}.Name")
        elif name.startswith(":"):
            complaints.invalid(bad_value(name, f"{inner}.Name"))
        else:
            _check_text(name, f"{inner}.Name", MAX_NAME, complaints)
        if not value:
            complaints.missing(f"{inner}.Value")
        else:
            _check_text(value, f"{inner}.Value", MAX_DIMENSION_VALUE, complaints)
    if len({name for name, _ in pairs}) < len(pairs):
        complaints.invalid("No metric may specify the same dimension name twice.")


def _check_text(text: str, path: str, limit: int, complaints: Complaints) -> None:
    if not _ASCII.fullmatch(text):
        complaints.invalid(f"The value for parameter {path} contains non-ASCII characters.")
    elif not text.strip():
        complaints.invalid(bad_value(text, path))
    if len(text) > limit:
        complaints.invalid(too_long(path, limit))
