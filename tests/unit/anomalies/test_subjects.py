"""Which series the always-on detector watches."""

import pytest

from trimtab.anomalies.subjects import is_watched
from trimtab.base.tags import make_tags
from trimtab.metrics.model import SELF, Identity, Series


@pytest.mark.parametrize(
    ("namespace", "dimensions", "watched"),
    [
        ("Shop", {"host": "a"}, True),
        ("Shop", {"le": "0.1"}, False),
        ("Shop", {"quantile": "0.9"}, False),
        (SELF, {"process": "jobs"}, False),
    ],
)
def test_buckets_and_trimtabs_own_metrics_are_not_watched(
    namespace: str, dimensions: dict[str, str], watched: bool
) -> None:
    series = Series(1, Identity("123456789012", "us-east-1", namespace, "m", make_tags(dimensions)))
    assert is_watched(series) is watched
