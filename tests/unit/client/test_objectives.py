"""An objective on requests is written in one way, and AWS's model of the operation takes it."""

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from trimtab.client.objectives import of_requests


@pytest.mark.parametrize("within_ms", [None, 250.0])
def test_it_is_a_form_of_awss_operation(within_ms: float | None) -> None:
    found = of_requests("shop", 99.5, 7, operation="GET /", within_ms=within_ms)
    model = ServiceModel(Loader().load_service_model("application-signals", "service-2"))
    shape = model.operation_model("CreateServiceLevelObjective").input_shape
    assert "" == ParamValidator().validate({"Name": "of-shop", **found}, shape).generate_report()
    config = found["RequestBasedSliConfig"]
    assert ({"Type": "Service", "Name": "shop"}, "GET /", "LATENCY" if within_ms else "AVAILABILITY") == tuple(
        config["RequestBasedSliMetricConfig"][name] for name in ("KeyAttributes", "OperationName", "MetricType")
    )
    assert (within_ms, "LessThanOrEqualTo" if within_ms else None) == (
        config.get("MetricThreshold"), config.get("ComparisonOperator"),
    )  # fmt: skip
    assert (99.5, 7) == (found["Goal"]["AttainmentGoal"], found["Goal"]["Interval"]["RollingInterval"]["Duration"])


def test_without_an_operation_all_requests_of_the_service_count() -> None:
    assert "OperationName" not in of_requests("shop", 99.5, 7)["RequestBasedSliConfig"]["RequestBasedSliMetricConfig"]
