"""Labels of a Sankey diagram."""

import re

from trimtab.charts.sankey import Flow, Sankey, SankeyNode, draw_sankey


def test_amounts_are_never_cut_and_names_have_the_room_that_is_left() -> None:
    path = ("111122223333", "Amazon Elastic Compute Cloud", "a team with a long name of its own")
    nodes = {(at, name): SankeyNode("597,123.45 USD", "$597k", "#000") for at, name in enumerate(path)}
    svg = str(draw_sankey(Sankey([Flow(path, 5.0)], ("account", "service", "team"), nodes, "flows", 540)))
    labels = re.findall(r"<text[^>]*>([^<]+)</text>", svg)
    assert {"111122223333 · $597k", "Amazon Elastic Compu… · $597k", "a team w… · $597k"} <= set(labels)
    assert "Amazon Elastic Compute Cloud · 597,123.45 USD (service)" in svg
