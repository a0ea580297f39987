"""A rule as the form has it: the URL is the draft."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.triggers.arns import name_of
from trimtab.triggers.model import DISABLED, ENABLED, Rule, Target
from trimtab.triggers.rules import Wish

FIELDS = ("name", "bus", "pattern", "schedule", "zone", "targets", "dead_letter", "description")
_EXAMPLE = {
    "version": "0",
    "id": "8b0a1b60-3c1d-4a3e-9d5a-4d3c3f6f2a11",
    "detail-type": "Object Created",
    "source": "aws.s3",
    "account": "123456789012",
    "time": "2026-11-26T09:00:00Z",
    "region": "us-east-1",
    "resources": ["arn:aws:s3:::training-data"],
    "detail": {"bucket": {"name": "training-data"}, "object": {"key": "2026/11/26/part-0.parquet", "size": 52428800}},
}
EXAMPLE = json.dumps(_EXAMPLE, indent=2)
"""An event to try patterns on."""


def of_rule(rule: Rule, targets: Sequence[Target]) -> dict[str, str]:
    """The fields of a rule that there is; a target with more than an ARN is a line of JSON."""
    lines = [one.arn if set(one.form) <= {"Id", "Arn", "DeadLetterConfig"} else json.dumps(one.form) for one in targets]
    letters = [str(one.form["DeadLetterConfig"].get("Arn", "")) for one in targets if "DeadLetterConfig" in one.form]
    return {
        "name": rule.name,
        "bus": name_of(rule.bus),
        "pattern": rule.pattern or "",
        "schedule": rule.schedule or "",
        "zone": rule.zone,
        "targets": "\n".join(lines),
        "dead_letter": letters[0] if letters else "",
        "description": rule.description,
    }


def wish_of(fields: Mapping[str, str]) -> Wish:
    """The rule that the fields mean. Raises InvalidInput."""
    name = fields.get("name", "").strip()
    if not name or len(name) > 64 or not all(one.isalnum() or one in "-_." for one in name):
        raise InvalidInput("cannot save the rule: expected a name of up to 64 letters, digits, '-', '_' and '.'")
    return Wish(
        name,
        fields.get("bus", "").strip() or "default",
        fields.get("pattern", "").strip() or None,
        fields.get("schedule", "").strip() or None,
        fields.get("zone", "").strip() or "UTC",
        DISABLED if fields.get("off") else ENABLED,
        fields.get("description", "").strip()[:512],
    )


def forms_of(fields: Mapping[str, str]) -> list[dict[str, Any]]:
    """The targets that the fields mean: a line each, an ARN, a URL, or the JSON of PutTargets. Raises InvalidInput."""
    letter = fields.get("dead_letter", "").strip()
    forms = []
    for at, line in enumerate((one.strip() for one in fields.get("targets", "").splitlines() if one.strip()), 1):
        form: dict[str, Any] = {"Arn": line}
        if line.startswith("{"):
            try:
                form = dict(typed.loads(line))
            except ValueError as problem:
                raise InvalidInput(f"cannot read target {at}: {problem}") from None
            if not isinstance(form.get("Arn"), str):
                raise InvalidInput(f"cannot read target {at}: its JSON has no Arn")
        form["Id"] = str(at)
        if letter:
            form["DeadLetterConfig"] = {"Arn": letter}
        forms.append(form)
    return forms
