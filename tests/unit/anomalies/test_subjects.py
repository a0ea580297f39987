"""Which series the always-on detector watches."""

import numpy as np
import pytest

from trimtab.anomalies.subjects import is_watched, watchable
from trimtab.base.records import replace
from trimtab.base.tags import make_tags
from trimtab.metrics.model import SELF, Identity, Series
from trimtab.metrics.series_table import SeriesTable


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
    table = SeriesTable()
    for number, name in enumerate(("one", "other")):
        table.add(number, replace(series.identity, name=name), 0)
    assert watchable(table, np.arange(2, dtype=np.uint32)).tolist() == ([0, 1] if watched else [])
    assert watchable(table, np.array([1], dtype=np.uint32)).tolist() == ([1] if watched else [])
