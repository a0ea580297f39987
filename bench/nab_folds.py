"""NAB's score out of source: the threshold of each folder is chosen on the other folders alone."""

from collections.abc import Sequence

import numpy as np
from nab_scoring import normalised

from trimtab.timeseries.anomaly.bank import Values

THRESHOLDS = tuple(round(float(one), 2) for one in np.arange(0.8, 3.0, 0.05))
NEAR = 3
"""Thresholds on each side that count with one: beside a lucky threshold all is worse."""


def smooth(scores: Values) -> Values:
    """Each score with its neighbours."""
    kernel = np.ones(2 * NEAR + 1) / (2 * NEAR + 1)
    smoothed: Values = np.convolve(np.pad(scores, NEAR, mode="edge"), kernel, "valid")
    return smoothed


def out_of_source(files: Sequence[tuple[str, Values, int]]) -> dict[str, object]:
    """The score, its spread and the thresholds over folders. Each file is its folder, its raw scores, its windows."""
    total, number, spread, chosen = 0.0, 0, {}, {}
    for folder in sorted({name for name, _, _ in files}):
        rest = [(raws, windows) for name, raws, windows in files if name != folder and windows + len(raws)]
        own = [(raws, windows) for name, raws, windows in files if name == folder]
        windows = sum(some for _, some in rest)
        at = 0
        if windows:
            at = int(np.argmax(smooth(np.sum([raws for raws, _ in rest], axis=0))))
        raw, mine = sum(float(raws[at]) for raws, _ in own), sum(some for _, some in own)
        total, number = total + raw, number + mine
        chosen[folder] = THRESHOLDS[at]
        if mine:
            spread[folder] = round(normalised(raw, mine), 1)
    return {
        "score_standard": round(normalised(total, number), 2) if number else 0.0,
        "by_folder": spread,
        "thresholds": chosen,
    }
