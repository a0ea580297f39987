"""Labels in GetMetricData requests: what may be in them. `metrics/labels.py` fills them in."""

from trimtab.doors.aws.cloudwatch.complaints import Complaints
from trimtab.metrics.labels import DYNAMIC, Labelled, read_zone, render

__all__ = ["MAX_DYNAMIC", "Labelled", "check_label", "read_zone", "render"]

MAX_DYNAMIC = 6
"""Dynamic values a label may have, as documented."""


def check_label(label: str, path: str, complaints: Complaints) -> None:
    """Refuse a label with more dynamic values than documented."""
    found = [match for match in DYNAMIC.finditer(label) if not match[1]]
    if len(found) > MAX_DYNAMIC:
        complaints.invalid(f"The parameter {path} must not have more than {MAX_DYNAMIC} dynamic values.")
    if sum(match[2] == "LABEL" for match in found) > 1:
        complaints.invalid(f"The parameter {path} must not have ${{LABEL}} more than once.")
