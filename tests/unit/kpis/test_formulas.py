from pathlib import Path

from trimtab.kpis.formulas import FORMULAS
from trimtab.kpis.gpu_kpis import IDS
from trimtab.kpis.model import Area


def test_the_reference_has_every_formula_word_for_word(repository: Path) -> None:
    text = (repository / "docs" / "reference" / "kpis.md").read_text()
    rows = [f"| {one.label} | `{one.id}` | {one.unit} | {one.text} |" for one in FORMULAS.values()]
    assert [] == [row for row in rows if row not in text]


def test_every_area_has_kpis_and_the_gpu_layers_are_all_there() -> None:
    assert set(Area) == {one.area for one in FORMULAS.values()}
    assert set(IDS) <= set(FORMULAS)
