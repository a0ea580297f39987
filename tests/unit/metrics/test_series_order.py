"""All series at once are sorted as their keys are, one after another or in columns."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trimtab.base.tags import make_tags
from trimtab.metrics.model import Identity, Kind
from trimtab.metrics.series_order import SeriesOrder, sort_key
from trimtab.metrics.series_table import SeriesTable

identities = st.builds(
    lambda namespace, name, account, region, tags, unit, kind: Identity(
        account, region, namespace, name, make_tags(tags), unit, kind
    ),
    *[st.sampled_from(["", "a", "B", "é", "\U0001f600"])] * 4,
    st.dictionaries(st.sampled_from(["job", "a", "Z"]), st.sampled_from(["", "b", "a", "ab", "\uffff", "\U0001f600"])),
    st.sampled_from(["None", "s"]),
    st.sampled_from(list(Kind)),
)


@given(st.lists(identities, max_size=25, unique=True), st.integers(0, 25), st.booleans())
def test_the_order_is_that_of_the_keys(all_of: list[Identity], first: int, few: bool) -> None:
    table = SeriesTable()
    order = SeriesOrder(table)
    for number, identity in enumerate(all_of):
        table.add(number + 1, identity, 0)
        if number == first:
            order.ranks()
    expected = sorted(range(len(all_of)), key=lambda ordinal: sort_key(all_of[ordinal]))
    if not few:
        assert [expected.index(ordinal) for ordinal in range(len(all_of))] == order.ranks().tolist()
    assert expected == order.sorted(np.arange(len(table), dtype=np.uint32)).tolist()
