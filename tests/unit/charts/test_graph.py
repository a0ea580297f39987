from trimtab.charts.graph import Edge, Node, draw_graph, layers


def test_callees_stand_behind_all_of_their_callers():
    assert [["web"], ["api"], ["db"]] == layers(["db", "web", "api"], [("web", "api"), ("web", "db"), ("api", "db")])


def test_circles_and_calls_of_oneself_end():
    assert [["a"], ["b"], ["c"]] == layers(["a", "b", "c"], [("a", "b"), ("b", "c"), ("c", "a"), ("c", "c")])
    assert [] == layers([], [])


def test_neighbours_stand_side_by_side():
    found = layers(["a", "b", "x", "y"], [("a", "y"), ("b", "x")])
    assert [["a", "b"], ["y", "x"]] == found


def test_names_are_escaped_and_errors_are_drawn():
    nodes = [Node("<web>", ["1/s"], "/a?b=1&c", "red", bad_share=0.5), Node("db", [], "/d", "red", dashed=True)]
    edge = Edge("<web>", "db", "3 ms", "calls", 1.0, "", "/e")
    drawn = draw_graph(nodes, [edge, Edge("db", "gone", "", "", 0.0, "")], "map")
    assert "&lt;web&gt;" in drawn
    assert "<web>" not in drawn
    assert "/a?b=1&amp;c" in drawn
    assert 1 == drawn.count("marker-end")
