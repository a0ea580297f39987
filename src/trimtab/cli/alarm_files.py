"""Alarms in files: YAML or JSON, in the form of PutMetricAlarm and its siblings; AlarmName and Tags may be in it."""

from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct, field

from trimtab.base.errors import InvalidInput


class AlarmFile(Struct, frozen=True):
    """What a file defines."""

    name: str
    definition: dict[str, Any]
    tags: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def looks_like(text: str) -> bool:
        """Whether an argument means a file rather than a name."""
        return Path(text).is_file()


def read_alarm_file(path: str, name: str | None, *, draft: str | None = None) -> AlarmFile:
    """The alarm in a file. `name` wins over its AlarmName; `draft` is the name of one that has none.

    Raises InvalidInput.
    """
    document = read_document(path)
    given = name or document.pop("AlarmName", None) or draft
    if not isinstance(given, str):
        raise InvalidInput(f"cannot put {path}: expected AlarmName in it, or --name")
    document.pop("AlarmName", None)
    tags = {str(one["Key"]): str(one["Value"]) for one in document.pop("Tags", ()) or ()}
    return AlarmFile(given, document, tags)


def read_document(path: str) -> dict[str, Any]:
    """The mapping in a YAML or JSON file. Raises InvalidInput."""
    try:
        document = yaml.safe_load(Path(path).read_text())
    except (OSError, ValueError, yaml.YAMLError) as problem:
        raise InvalidInput(f"cannot read {path}: {problem}") from None
    if not isinstance(document, dict):
        raise InvalidInput(f"cannot read {path}: expected a mapping of members, such as Namespace and MetricName")
    return document
