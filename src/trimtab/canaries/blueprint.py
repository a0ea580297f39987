"""Reads what a canary does from the JSON of Synthetics' multi-check blueprint.

    {"globalSettings": {"stepTimeout": 30000},
     "variables": {"base": "https://api.example.com"},
     "steps": {"1": {"stepName": "health", "checkerType": "HTTP", "url": "${base}/health", "httpMethod": "GET",
                     "assertions": [{"type": "STATUS_CODE", "operator": "EQUALS", "value": 200}]},
               "2": {"stepName": "port", "checkerType": "TCP", "hostname": "db.example.com", "port": 5432},
               "3": {"stepName": "grpc", "checkerType": "GRPC", "url": "http://10.0.0.1:50051", "service": "shop"},
               "4": {"stepName": "model", "checkerType": "MODEL", "endpoint": "llama", "body": "{…}"}}}

Without assertions HTTP must answer 200 to 399. Source: CloudWatch user guide, "Writing a JSON configuration for Node.js
multi Checks blueprint"; GRPC and MODEL are trimtab's own. Everything here raises InvalidInput.
"""

import re
from collections.abc import Mapping
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.base.jsonpath import read
from trimtab.canaries.model import Assertion, Checker, Operator, Step, Subject
from trimtab.egress.address import parse_url

MOST_STEPS, MOST_VARIABLES = 10, 10
"""Source: the user guide, "Validation rules"."""
TIMEOUT_MS, LEAST_MS, MOST_MS = 30_000, 1_000, 300_000
"""Of a step (user guide, "Global settings")."""
_VARIABLE = re.compile(r"\$\{([a-zA-Z][a-zA-Z0-9_]*)\}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_AT = {Subject.HEADER: "headerName", Subject.JSON: "path"}


def read_steps(blueprint: Any) -> tuple[Step, ...]:
    """The steps of a blueprint, by their numbers."""
    whole = _mapping(blueprint, "the blueprint", {"globalSettings", "variables", "steps"})
    settings = _mapping(whole.get("globalSettings", {}), "globalSettings", {"stepTimeout", "userAgent"})
    variables = _mapping(whole.get("variables", {}), "variables")
    steps = _mapping(whole.get("steps", {}), "steps")
    if len(variables) > MOST_VARIABLES or not 1 <= len(steps) <= MOST_STEPS:
        raise InvalidInput(
            f"cannot read the blueprint: got {len(steps)} steps and {len(variables)} variables; expected 1 to "
            f"{MOST_STEPS} steps and at most {MOST_VARIABLES} variables"
        )
    if any(not re.fullmatch(r"[1-9]|10", number) for number in steps):
        raise InvalidInput("cannot read the blueprint: expected steps by number, from 1 to 10")
    known = {name: str(value) for name, value in variables.items()}
    agent = str(settings.get("userAgent", "trimtab-canary"))
    default = settings.get("stepTimeout", TIMEOUT_MS)
    numbers = sorted(steps, key=int)
    return tuple(_step(_filled(steps[number], known), f"steps.{number}", default, agent) for number in numbers)


def _step(form: Any, path: str, timeout: Any, agent: str) -> Step:
    told = _mapping(form, path)
    try:
        checker = Checker(told.get("checkerType", ""))
    except ValueError:
        known = ", ".join(one.value for one in Checker)
        raise InvalidInput(f"cannot read {path}.checkerType {told.get('checkerType')!r}: expected {known}") from None
    timeout = told.get("timeout", timeout)
    if isinstance(timeout, bool) or not isinstance(timeout, int) or not LEAST_MS <= timeout <= MOST_MS:
        raise InvalidInput(f"cannot read the timeout of {path}: expected {LEAST_MS} to {MOST_MS} ms")
    assertions = tuple(
        _assertion(one, f"{path}.assertions.{number}") for number, one in enumerate(told.get("assertions", ()), 1)
    )
    name = str(told.get("stepName", path.rpartition(".")[2]))
    lasts_s = timeout / 1000
    if checker is Checker.TCP:
        where = f"{_text(told, 'hostname', path)}:{told.get('port', '')}"
        parse_url(f"http://{where}")
        return Step(name, checker, where, lasts_s, assertions=assertions)
    if checker is Checker.MODEL:
        where, body = _text(told, "endpoint", path), str(told.get("body", ""))
        headers = _headers(told, path, {"Content-Type": "application/json"})
        return Step(name, checker, where, lasts_s, headers=headers, body=body, assertions=assertions)
    where = _text(told, "url", path)
    parse_url(where)
    if checker is Checker.GRPC:
        return Step(name, checker, where, lasts_s, service=str(told.get("service", "")), assertions=assertions)
    method = str(told.get("httpMethod", "GET")).upper()
    if method not in _METHODS:
        raise InvalidInput(f"cannot read {path}.httpMethod {method[:20]!r}: expected {', '.join(sorted(_METHODS))}")
    headers, body = _headers(told, path, {"User-Agent": agent}), str(told.get("body", ""))
    return Step(name, checker, where, lasts_s, method=method, headers=headers, body=body, assertions=assertions)


def _assertion(form: Any, path: str) -> Assertion:
    told = _mapping(form, path)
    try:
        subject, operator = Subject(told.get("type", "")), Operator(told.get("operator", "EQUALS"))
    except ValueError as problem:
        raise InvalidInput(f"cannot read {path}: {problem}") from None
    if "value" not in told:
        raise InvalidInput(f"cannot read {path}: expected a value")
    value = told["value"]
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if operator in (Operator.LESS_THAN, Operator.GREATER_THAN):
        _number(text, path)
    if operator is Operator.MATCHES:
        try:
            re.compile(text)
        except re.error as problem:
            raise InvalidInput(f"cannot read {path}: {problem}") from None
    if subject is Subject.JSON:
        read(_text(told, "path", path))
    at = _AT.get(subject)
    return Assertion(subject, operator, text, _text(told, at, path) if at else "")


def _headers(told: Mapping[str, Any], path: str, given: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    named = {str(name): str(value) for name, value in _mapping(told.get("headers", {}), f"{path}.headers").items()}
    known = {name.lower() for name in named}
    return tuple({**{name: value for name, value in given.items() if name.lower() not in known}, **named}.items())


def _filled(value: Any, variables: Mapping[str, str]) -> Any:
    """A step with its `${variables}` put in. Raises InvalidInput for one that is not declared."""
    if isinstance(value, str):
        lacking = next((name for name in _VARIABLE.findall(value) if name not in variables), None)
        if lacking is not None:
            raise InvalidInput(f"cannot read the blueprint: the variable {lacking} is not declared")
        return _VARIABLE.sub(lambda match: variables[match[1]], value)
    if isinstance(value, Mapping):
        return {name: _filled(one, variables) for name, one in value.items()}
    return [_filled(one, variables) for one in value] if isinstance(value, list) else value


def _mapping(value: Any, path: str, names: set[str] | None = None) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidInput(f"cannot read {path}: expected an object")
    odd = sorted(set(value) - names) if names is not None else []
    if odd:
        raise InvalidInput(f"cannot read {path}: {odd[0]} is not expected")
    return value


def _text(told: Mapping[str, Any], name: str, path: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidInput(f"cannot read {path}: expected {name}")
    return value


def _number(text: str, path: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidInput(f"cannot read {path}: expected a number, got {text[:20]!r}") from None
