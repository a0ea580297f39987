from tests.unit.demo import prompb

from trimtab.demo import own
from trimtab.demo.company import TRAINING

NOW = 1_764_000_000_000
TEXT = """\
# HELP trimtab_series Series known.
# TYPE trimtab_series gauge
trimtab_series 14029.0
# HELP trimtab_ingested_rows_total Rows acknowledged.
# TYPE trimtab_ingested_rows_total counter
trimtab_ingested_rows_total{door="otlp"} 7.0
# HELP python_info Python platform information
# TYPE python_info gauge
python_info{version="3.11.7"} 1.0
"""


def test_own_metrics_are_sent_as_a_prometheus_would_send_them() -> None:
    (shipment,) = own.scrape(TEXT, NOW)
    assert (TRAINING.id, 2) == (shipment.account, shipment.samples)
    series, rows = prompb.series(shipment.body)
    assert ([NOW], [14029.0]) == (series.times, series.values)
    assert [("__name__", "trimtab_ingested_rows_total"), ("cluster", "atlas"), ("door", "otlp")] == rows.labels[:3]
    assert ("job", "trimtab") in rows.labels


def test_a_server_that_does_not_answer_sends_nothing() -> None:
    assert [] == list(own.scrape("", NOW))
