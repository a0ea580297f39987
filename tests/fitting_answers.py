"""Whether answers of AWS's doors fit the output shapes of botocore's models: types, what is required, enumerations."""

from typing import Any

from botocore.validate import ParamValidator


class MisfitError(AssertionError):
    """An answer that its service's model does not allow."""


def misfits(answer: dict[str, Any], shape: Any) -> list[str]:
    """What of a parsed answer does not fit its output shape.

    Streams are passed over, and so are empty texts and lists where the model wants some: AWS answers them too.
    """
    if shape is None:
        return []
    streams = {name for name, one in shape.members.items() if _streams(one)}
    given = {name: value for name, value in answer.items() if name != "ResponseMetadata" and name not in streams}
    report = ParamValidator().validate(given, shape).generate_report()
    found = [line for line in report.splitlines() if "value: 0, valid min length: 1" not in line]
    missing = [line for line in found if any(f'"{name}"' in line for name in streams)]
    return [*(line for line in found if line not in missing), *_unknown_words(given, shape, "")]


def _streams(shape: Any) -> bool:
    return bool(shape.serialization.get("streaming") or shape.serialization.get("eventstream"))


def _unknown_words(value: Any, shape: Any, path: str) -> list[str]:
    """Values of enumerations that these do not have."""
    match shape.type_name:
        case "structure" if isinstance(value, dict):
            members = [(name, one, shape.members[name]) for name, one in value.items() if name in shape.members]
            return [said for name, one, inner in members for said in _unknown_words(one, inner, f"{path}.{name}")]
        case "list" if isinstance(value, list):
            return [said for one in value for said in _unknown_words(one, shape.member, f"{path}[]")]
        case "map" if isinstance(value, dict):
            return [said for key, one in value.items() for said in _unknown_words(one, shape.value, f"{path}.{key}")]
        case "string" if shape.enum and value not in shape.enum:
            return [f"{path} is {value!r}, which is none of {', '.join(shape.enum)}"]
    return []
