"""The OpenAPI 3.1 document, written from the declared operations and the wire types."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from trimtab import __version__
from trimtab.base.deprecated import Kind, of_kind
from trimtab.client.wire import Failure
from trimtab.doors.rest.spec import Operation

_REF = "#/components/schemas/{name}"
_REASONS = {
    400: "The request is wrong: the message says what was expected.",
    401: "No credential, or one that does not verify.",
    403: "The caller may not do this, or comes from another site.",
    404: "There is no such thing, or not in the caller's scope.",
    405: "The path does not have this method.",
    409: "The thing exists already, or changed before.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    429: "Too much at once: try again after Retry-After seconds.",
    503: "A part of trimtab cannot answer now: try again after Retry-After seconds.",
    504: "The read passed its time or memory limit.",
    507: "The disk is full: nothing was stored.",
}
Schemas = Mapping[Any, dict[str, Any]]
"""How each type of an answer or body is told of."""
_EVERYWHERE = (400, 401, 403, 405, 503)
_WITH_BODY = (413, 415)


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """The OpenAPI document of `operations`."""
    types: list[Any] = [Failure]
    for operation in operations:
        types += [part for part in (operation.answer, operation.body) if part is not None]
    # All at once: of two that are called alike each has its module in its name, in what refers to it too.
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    known = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        described = _operation(operation, components, known)
        paths.setdefault(operation.path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "trimtab",
            "version": __version__,
            "description": "What the pages and the command line use. Times are epoch milliseconds, UTC.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"token": []}, {"password": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A token made by `trimtab keys create`."},
                "password": {"type": "http", "scheme": "basic", "description": "Any user name, the token as password."},
            },
        },
    }


def _operation(operation: Operation, components: dict[str, Any], known: Schemas) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name.replace(" ", "_"),
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": _parameters(operation, components),
        "responses": _responses(operation, known),
    }
    if f"{operation.method} {operation.path}" in of_kind(Kind.OPERATION):
        described["deprecated"] = True
    if operation.role is not None:
        described["description"] = f"Needs role {operation.role}."
    if operation.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": known[operation.body]}},
        }
    return described


def _parameters(operation: Operation, components: dict[str, Any]) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": text,
            "schema": {"type": "string", "minLength": 1},
        }
        for name, text in operation.path_parameters.items()
    ]
    _, parts = msgspec.json.schema_components([operation.query], ref_template=_REF)
    query = parts.pop(operation.query.__name__)
    components.update(parts)
    required = set(query.get("required", ()))
    for name, schema in query["properties"].items():
        plain = {key: value for key, value in schema.items() if key != "description"}
        parameters.append(
            {
                "name": name,
                "in": "query",
                "required": name in required,
                "description": schema.get("description", ""),
                "schema": plain,
            }
        )
    for header in operation.headers:
        schema = {"type": "string", "maxLength": header.max_length}
        parameters.append({"name": header.name, "in": "header", "description": header.description, "schema": schema})
    return parameters


def _responses(operation: Operation, known: Schemas) -> dict[str, Any]:
    content = {"schema": {"type": "string"} if operation.answer is None else known[operation.answer]}
    responses: dict[str, Any] = {}
    for status in (operation.status, *operation.also):
        responses[str(status)] = {"description": operation.summary, "content": {operation.media_type: content}}
    failures = {*_EVERYWHERE, *operation.errors, *(_WITH_BODY if operation.body is not None else ())}
    for status in sorted(failures - {operation.status, *operation.also}):
        body = {"application/json": {"schema": known[Failure]}}
        responses[str(status)] = {"description": _REASONS[status], "content": body}
    return responses


def template_names(path: str) -> list[str]:
    """The names of the parameters in a path such as `/keys/{id}`."""
    return re.findall(r"{(\w+)}", path)
