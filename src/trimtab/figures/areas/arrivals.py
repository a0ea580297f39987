"""The figures of what arrives."""

from trimtab.figures.model import NOW, Figure, Rollup

ARRIVING = Figure(
    id="rows_arriving", label="Arriving", area="data", unit="1/s", rollup=Rollup.SUM, span=NOW, rows="/sources",
    formula="rows a second that doors acknowledged, Σ over sources",
)  # fmt: skip
AGE = Figure(
    id="data_age", label="Age of the data", area="data", unit="s", rollup=Rollup.NEWEST, span=NOW, rows="/sources",
    formula="now − when anything last arrived",
)  # fmt: skip

FIGURES = (ARRIVING, AGE)
