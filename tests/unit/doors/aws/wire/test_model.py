"""Models say the same as botocore's own, in less memory."""

import os
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel as BotocoreModel

from trimtab.doors.aws.wire.model import _loader, load_model


def said(shape: Any, depth: int = 4) -> Any:
    """What a shape says, its members to a depth."""
    if shape is None or not depth:
        return None
    parts: dict[str, Any] = dict(getattr(shape, "members", {}))
    parts |= {name: getattr(shape, name) for name in ("member", "key", "value") if hasattr(shape, name)}
    about = shape.name, shape.type_name, shape.metadata, shape.serialization
    return about, {name: said(part, depth - 1) for name, part in parts.items()}


@pytest.mark.parametrize("name", ["cloudwatch", "xray", "lambda", "sts"])
def test_every_operation_says_what_botocore_says_of_it(name: str) -> None:
    model, whole = load_model(name), BotocoreModel(Loader().load_service_model(name, "service-2"), service_name=name)
    assert frozenset(whole.operation_names) == model.operation_names
    for operation in whole.operation_names:
        ours, theirs = model.operation(operation), whole.operation_model(operation)
        assert theirs.http == ours.http
        assert [said(theirs.input_shape), said(theirs.output_shape)] == [
            said(ours.input_shape),
            said(ours.output_shape),
        ]
        assert [said(error) for error in theirs.error_shapes] == [said(error) for error in ours.error_shapes]


def test_equal_references_are_kept_once_and_descriptions_are_left_out() -> None:
    shapes = load_model("cloudwatch")._model._service_description["shapes"]
    members = [member for shape in shapes.values() for member in shape.get("members", {}).values()]
    plain = [member for member in members if member == {"shape": "MetricName"}]
    assert len(plain) > 3
    assert 1 == len(set(map(id, plain)))
    assert not any("documentation" in part for part in (*shapes.values(), *members))


def test_the_folders_of_all_services_are_looked_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    listing = os.listdir

    def noted(path: str) -> list[str]:
        looks.append(path)
        return listing(path)

    monkeypatch.setattr(os, "listdir", noted)
    for form in (_loader, load_model):
        form.cache_clear()
    for name in ("sts", "cloudwatch", "logs"):
        load_model(name)
    assert 1 == sum(1 for path in looks if str(path).endswith(os.path.join("botocore", "data")))


def test_a_model_is_made_of_plain_dicts() -> None:
    assert dict is type(load_model("cloudwatch")._model._service_description["shapes"])
