"""The past once more: what each candidate would have said at several origins, knowing only what came before them."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.timeseries.forecast.candidates import Predict
from trimtab.timeseries.forecast.model import Values

_GROWTH = 1.7


class Replay(Struct, frozen=True):
    """`said[candidate, origin, step]`, and what then `came[origin, step]`; NaN where there was too little history."""

    names: tuple[str, ...]
    said: Values
    came: Values


def spans(horizon: int) -> npt.NDArray[np.int64]:
    """The span of each step: near steps one by one, later ones in growing groups, since they are alike."""
    edges = [0]
    width = 1
    while edges[-1] < horizon:
        edges.append(edges[-1] + width)
        width = max(width + 1, int(width * _GROWTH))
    return np.searchsorted(np.array(edges[1:]), np.arange(horizon), side="right")


def origins_of(length: int, horizon: int, period: int, most: int, least: int) -> list[int]:
    """Where the past is cut, the newest last; each leaves `horizon` values to judge by and `least` to learn from."""
    step = max(1, horizon if horizon >= period else max(horizon, period // 3))
    if length - horizon - least < (most - 1) * step:
        step = max(1, min(step, (length - horizon - least) // max(most - 1, 1)))
    found = [length - horizon - at * step for at in range(most)]
    return sorted({origin for origin in found if origin >= least})


def replay(history: Values, horizon: int, origins: list[int], predictors: Mapping[str, Predict]) -> Replay:
    """Ask every candidate at every origin."""
    said = np.full((len(predictors), len(origins), horizon), np.nan)
    for place, predict in enumerate(predictors.values()):
        for at, origin in enumerate(origins):
            ahead = predict(history[:origin], horizon)
            if ahead is not None:
                said[place, at] = ahead
    came = np.stack([history[origin : origin + horizon] for origin in origins])
    return Replay(tuple(predictors), said, came)
