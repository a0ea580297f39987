import pytest

from trimtab.base.errors import InvalidInput
from trimtab.jobfiles.documents import documents_of
from trimtab.jobfiles.quantity import count, quantity
from trimtab.jobfiles.read import read


def test_aliases_that_make_billions_are_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 10)}]" for at in range(1, 10)]
    with pytest.raises(InvalidInput, match="aliases make over"):
        documents_of("\n".join(lines), "bomb.yaml")


def test_an_alias_of_itself_is_refused():
    with pytest.raises(InvalidInput, match="at most 100 levels"):
        documents_of("a: &a\n  b: *a\n", "circle.yaml")


def test_what_is_no_yaml_says_where():
    assert "line 2" in read("a: b\n- c\n", "broken.yaml").problems[0]


def test_a_template_says_what_to_do():
    reading = read("kind: Pod\nspec: {{ .Values.spec }}\n", "templates/pod.yaml")
    assert "helm template" in reading.problems[0]


def test_dates_stay_words():
    assert [{"name": "2026-11-30"}] == documents_of("name: 2026-11-30\n", "a.yaml")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("500m", 0.5),
        ("1Gi", 2**30),
        ("1.5G", 1.5e9),
        (2, 2.0),
        ("1e3", 1000.0),
        ("x", None),
        (True, None),
        (None, None),
    ],
)
def test_quantities(text, number):
    assert number == quantity(text)


def test_counts_are_whole():
    assert (3, None, None) == (count("3"), count("1.5"), count(-1))
