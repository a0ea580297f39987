"""Schemathesis against a live server: what the OpenAPI document promises holds, for requests that fit it and not."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable

from depth import DEEP
from live_server import LiveServer
from shared_servers import SharedServers

# Its functions and not its pytest plugin, which reaches into pytest's private parts and breaks with new versions.
schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")

LOOSE = [schemathesis.checks.positive_data_acceptance]
"""What is not promised: rules between fields, and what must exist, are no part of the document."""
EXAMPLES = 8 if DEEP else 1  # an operation and mode; the tool's own command line goes deeper
PATIENCE_S = 180  # for an answer: the first plan or forecast compiles its code, and the machine does other things
APART = ["/rest/v1/admin/reset", "/rest/v1/forget", "/rest/v1/state/import"]
"""It must not start anew: it would listen elsewhere."""


@pytest.fixture(scope="module")
def server(shared_servers: SharedServers) -> LiveServer:
    """Where what is put at random is there for nobody else."""
    return shared_servers.server("odd", "tests/wire/rest/test_schema.py")


@pytest.mark.timeout(600)  # for some hundred operations
@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_the_api_keeps_to_its_document(server: LiveServer, mode: Any) -> None:
    schema = schemathesis.openapi.from_url(f"{server.url}/rest/openapi.json").exclude(path=APART)
    operations = [found.ok() for found in schema.get_all_operations() if asks(found.ok(), mode)]
    assert len(operations) > 90
    failures = []
    for operation in operations:

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        def keeps_to_it(case: Any) -> None:
            case.call_and_validate(excluded_checks=LOOSE, timeout=PATIENCE_S)

        try:
            with suppress(Unsatisfiable):
                keeps_to_it()
        except schemathesis.checks.FailureGroup as problem:
            failures.append(f"{operation.label}: {problem.exceptions}")
    assert not failures, "\n".join(failures)


def asks(operation: Any, mode: Any) -> bool:
    """Whether a mode can ask it: every string is a name, so what takes names alone cannot be asked wrongly."""
    wrongly = mode is schemathesis.GenerationMode.NEGATIVE
    return not wrongly or any((list(operation.body), list(operation.query), list(operation.headers)))
