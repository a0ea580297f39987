"""One answer of many: at each span of the horizon the weighted median of the candidates, the better the heavier."""

import numpy as np
import numpy.typing as npt

from trimtab.timeseries.forecast.model import Values

Spans = npt.NDArray[np.int64]

_POWER = 5.0
"""A candidate with twice the error of the best counts 1/32 of it."""
_NEIGHBOURS = np.array([0.25, 0.5, 0.25])
_FLOOR = 0.02  # of the best error: candidates that are this close are equally good


def errors(said: Values, came: Values, span: Spans) -> Values:
    """Mean absolute error by candidate and span, over the origins at which the candidate spoke; inf where never."""
    off = np.abs(said - came)
    count = int(span[-1]) + 1
    heard = ~np.isnan(off)
    flat = np.zeros((len(said), count))
    seen = np.zeros((len(said), count))
    for place in range(len(said)):
        for at in range(off.shape[1]):
            if heard[place, at].all():
                flat[place] += np.bincount(span, off[place, at], count)
                seen[place] += np.bincount(span, minlength=count)
    silent = (heard.all(axis=2).sum(axis=1) < off.shape[1])[:, None]  # judged on fewer origins is not judged alike
    return np.where(silent | (seen == 0), np.inf, flat / np.maximum(seen, 1))


def weights(found: Values) -> Values:
    """Weights by candidate and span, adding up to one in each span."""
    finite = np.where(np.isfinite(found), found, np.nan)
    padded = np.pad(finite, ((0, 0), (1, 1)), mode="edge")
    smooth = sum(share * padded[:, at : at + finite.shape[1]] for at, share in enumerate(_NEIGHBOURS))
    best = np.nanmin(smooth, axis=0)
    floor = _FLOOR * float(best.mean()) + 1e-12
    heavy = np.nan_to_num(((best + floor) / (smooth + floor)) ** _POWER, nan=0.0)
    shares: Values = heavy / heavy.sum(axis=0)
    return shares


def combined(said: Values, shares: Values, span: Spans) -> Values:
    """The weighted median at each step; `said` is by candidate and step, NaN where one is silent."""
    heavy = np.where(np.isnan(said), 0.0, shares[:, span])
    order = np.argsort(said, axis=0)  # NaN last
    climbed = np.cumsum(np.take_along_axis(heavy, order, axis=0), axis=0)
    middle = (climbed >= climbed[-1] / 2).argmax(axis=0)
    place = np.take_along_axis(order, middle[None], axis=0)
    answer: Values = np.take_along_axis(said, place, axis=0)[0]
    return answer
