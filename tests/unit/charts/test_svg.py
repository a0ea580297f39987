import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from trimtab.charts.svg import Svg, element, number

PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=0xD7FF))


def test_attributes_and_text_are_escaped() -> None:
    made = element("text", {"class": 'a"b<c'}, "<script>alert(1)</script>")
    assert str(made) == '<text class="a&quot;b&lt;c">&lt;script&gt;alert(1)&lt;/script&gt;</text>'


def test_children_that_are_svg_are_kept() -> None:
    assert element("g", {}, element("path", {"d": "M0 0"})) == '<g><path d="M0 0"/></g>'


def test_absent_attributes_are_left_out() -> None:
    assert element("rect", {"x": 1, "y": None}) == '<rect x="1"/>'


def test_it_is_markup_for_templates() -> None:
    assert Svg("<g/>").__html__() == "<g/>"


def test_coordinates_are_short() -> None:
    assert [number(3), number(0.1 + 0.2), number(2.50), number(100)] == ["3", "0.3", "2.5", "100"]


@given(PRINTABLE, PRINTABLE)
def test_whatever_the_data_the_document_parses_and_says_the_same(attribute: str, text: str) -> None:
    parsed = ET.fromstring(element("text", {"title": attribute}, text))
    assert (parsed.text or "") == text
    assert parsed.get("title") == attribute
