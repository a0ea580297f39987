"""AWS's own right-sizing and Reserved Instance recommendations of the Well-Architected Labs, computed anew.

Run as `python bench/eval_wa_labs_recommendations.py DIR`. Rows of `*rightsizing*.csv` go through the product's rule
of Cost Explorer's rightsizing, those of `ec2_ri_recommendations*.csv` through that of its reservations; what a row's
inputs do not say (prices of other regions, hourly use) is left open and named. `rows` are all rows, `wrong` how many of
them differ without a reason; rows whose own figures contradict each other are counted apart. The last line is JSON.
"""

import json
import sys
from pathlib import Path

import wa_labs_reservations
import wa_labs_rightsizing


def main(directory: Path) -> None:
    """Print what differs or was left open, then the figures."""
    sized = wa_labs_rightsizing.rows(directory)
    wrong = 0
    for one in sized:
        wrong += bool(one.problems)
        for text in (*one.problems, *one.notes):
            print(f"right-sizing {one.number}: {'WRONG ' if text in one.problems else ''}{text}")
    figures = wa_labs_reservations.rows(directory)
    reserved: dict[str, bool] = {}
    explained: set[str] = set()
    for figure in figures:
        reserved[figure.row] = reserved.get(figure.row, False) or figure.wrong
        if figure.differs or figure.ours is None or figure.contradiction:
            mark = "WRONG " if figure.wrong else ""
            print(f"reservations {figure.row}, {figure.figure}: {mark}{figure.ours} for {figure.theirs} {figure.words}")
        if figure.contradiction:
            explained.add(figure.row)
    answer = {
        "rows": len(sized) + len(reserved),
        "wrong": wrong + sum(reserved.values()),
        "rightsizing_rows": len(sized),
        "rightsizing_wrong": wrong,
        "rightsizing_savings_open": sum(any("left open" in note for note in one.notes) for one in sized),
        "reservation_rows": len(reserved),
        "reservation_wrong": sum(reserved.values()),
        "reservation_contradictions": len(explained),
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
