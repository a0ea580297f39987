"""PutMetricData's documented limits (API reference, "PutMetricData", "MetricDatum" and "Dimension")."""

from typing import Literal

MAX_METRICS = 1000
MAX_VALUES = 150
MAX_DIMENSIONS = 30
MAX_NAME = 255
"""Characters of a namespace, metric name or dimension name."""
MAX_DIMENSION_VALUE = 1024
MAX_ABSOLUTE = 2.0**360
PAST_MS = 14 * 86_400_000
FUTURE_MS = 2 * 3_600_000

Unit = Literal[
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
]
"""The units of CloudWatch, in the model's order."""
