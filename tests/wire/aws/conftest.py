"""Every answer of boto3's clients in these tests, and in no others, is held against the output shape of its model."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.client import BaseClient

from fitting_answers import MisfitError, misfits


@pytest.fixture(scope="module", autouse=True)
def fitting_answers() -> Iterator[None]:
    ask = BaseClient._make_api_call

    def checked(self: Any, name: str, request: Any) -> Any:
        answer = ask(self, name, request)
        if found := misfits(answer, self.meta.service_model.operation_model(name).output_shape):
            raise MisfitError(f"{self.meta.service_model.service_name}:{name} does not fit its model: {found}")
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", checked)
        yield
