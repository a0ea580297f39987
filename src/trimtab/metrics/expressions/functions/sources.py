"""Functions that read something beside their arguments; the evaluation answers them."""

from trimtab.metrics.expressions.functions.function import ARRAY, TEXT, TS, Function, S, forms

METRICS, SEARCH, BAND, PERIOD = "METRICS", "SEARCH", "ANOMALY_DETECTION_BAND", "PERIOD"
RULE = "INSIGHT_RULE_METRIC"
DEFAULT_WIDTH = 2.0
"""Standard deviations of a band that names none, as documented."""

FUNCTIONS = (
    Function(
        METRICS,
        forms(((), ARRAY), ((TEXT,), ARRAY)),
        "All metrics of the request, without expressions; with a text those whose id contains it.",
        'SUM(METRICS("errors"))',
    ),
    Function(
        SEARCH,
        forms(((TEXT, TEXT), ARRAY), ((TEXT, TEXT, S), ARRAY)),
        "A statistic, by periods of so many seconds, of every metric that a search finds.",
        "SEARCH('{AWS/EC2,InstanceId} MetricName=\"CPUUtilization\"', 'Average', 300)",
    ),
    Function(
        BAND,
        forms(((TS,), ARRAY), ((TS, S), ARRAY)),
        "The upper and lower limits of what is normal, so many (2) standard deviations away.",
        "ANOMALY_DETECTION_BAND(m1, 2)",
    ),
    Function(
        RULE,
        forms(((TEXT, TEXT), TS)),
        "A metric of a Contributor Insights rule: UniqueContributors, MaxContributorValue, SampleCount, Sum, Minimum, "
        "Maximum or Average.",
        "INSIGHT_RULE_METRIC('rule', 'UniqueContributors')",
    ),
    Function(
        "SERVICE_QUOTA",
        forms(((TS,), TS)),
        "The service quota of a usage metric.",
        "SERVICE_QUOTA(m1)",
        refusal="trimtab knows no service quotas; try the quota's number, as in TIME_SERIES(1000)",
    ),
)
