"""The model of a job over HTTP: a server that starts the job says which address its host has."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.notify.receiver import Receiver, receiving

from trimtab.base.records import replace
from trimtab.batch.model import Spec
from trimtab.batch.predict import Failed, open_model


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


def test_the_address_is_connected_to_and_the_host_is_asked_for(receiver: Receiver, tmp_path: Path) -> None:
    port = receiver.url.rpartition(":")[2]
    spec = Spec((), tmp_path, f"http://models.invalid:{port}/x", address="127.0.0.1")
    assert open_model(spec)(b"1\n") == b"ok"
    ((path, headers, body),) = receiver.requests
    assert (path, headers["host"], body) == ("/x", f"models.invalid:{port}", b"1\n")
    with pytest.raises(Failed, match=r"cannot reach models\.invalid"):
        open_model(replace(spec, address=""))(b"1\n")
