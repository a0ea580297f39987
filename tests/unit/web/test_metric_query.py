from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from trimtab.metrics.statistics import parse_statistic
from trimtab.web.metric_query import EACH, TOGETHER, Filter, MetricQuery, read_metric_query
from trimtab.web.view import link

NAME = st.text(
    st.characters(codec="utf-8", exclude_characters="|=!", exclude_categories=["Cs"]), min_size=1, max_size=12
)
FILTER = st.builds(Filter, NAME, NAME, st.booleans())
KEY = NAME.filter(lambda name: name != EACH)
GROUP = st.one_of(st.just((EACH,)), st.just((TOGETHER,)), st.lists(KEY, min_size=1, max_size=3).map(tuple))
QUERY = st.builds(
    MetricQuery,
    st.lists(st.tuples(NAME, NAME), min_size=1, max_size=3).map(tuple),
    st.sampled_from(["Average", "Rate", "p99.9", "TM(10%:90%)", "PR(:300)"]).map(parse_statistic),
    st.lists(FILTER, max_size=3).map(tuple),
    GROUP,
    st.one_of(st.none(), st.integers(1, 86_400)),
)


@given(QUERY)
def test_a_url_reproduces_its_question(query: MetricQuery) -> None:
    pairs = parse_qsl(urlsplit(link("/explore/metrics", query.parameters())).query, keep_blank_values=True)

    def values(name: str) -> list[str]:
        return [value for key, value in pairs if key == name]

    again = read_metric_query(
        values("m"), values("where"), values("group"), *values("stat"), (values("period") or [""])[0]
    )
    assert again == query


def test_one_line_a_series_is_that_whatever_else_is_asked_for() -> None:
    for group in ([], [EACH], ["cpu.mode", EACH], [EACH, TOGETHER]):
        assert (EACH,) == read_metric_query(["AWS/EC2|CPUUtilization"], [], group, "", "").group
