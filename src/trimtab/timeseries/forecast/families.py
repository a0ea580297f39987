"""Candidates of the classical families, fitted by statsmodels: exponential smoothing, Theta, autoregression.

Sources: Hyndman et al., "Forecasting with Exponential Smoothing" (2008); Assimakopoulos and Nikolopoulos, "The theta
model" (2000); Box and Jenkins for ARIMA(p, d, 0).
"""

import warnings

import numpy as np
from statsmodels.tsa.ar_model import AutoReg
from statsmodels.tsa.forecasting.theta import ThetaModel
from statsmodels.tsa.holtwinters import ExponentialSmoothing

from trimtab.timeseries.forecast.model import Values

_NEWEST = 600
"""Values that a model is fitted to: older ones change little, and cost time."""
_LEAST = 8


def smoothing(history: Values, horizon: int, *, trend: bool) -> Values | None:
    """ETS(A,N,N), or with a damped trend ETS(A,Ad,N)."""
    if len(history) < _LEAST:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that an optimum was not reached: the replay of the past judges what came out
        model = ExponentialSmoothing(
            history[-_NEWEST:],
            trend="add" if trend else None,
            damped_trend=trend,
            initialization_method="heuristic" if trend else "estimated",
        )
        return _finite(model.fit(use_brute=not trend).forecast(horizon))


def theta(history: Values, horizon: int) -> Values | None:
    """The Theta method without a season."""
    if len(history) < _LEAST:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as above
        return _finite(ThetaModel(history[-_NEWEST:], deseasonalize=False, period=1).fit().forecast(horizon))


def autoregression(history: Values, horizon: int, *, differences: int, lags: int = 3) -> Values | None:
    """ARIMA(lags, differences, 0) with a constant; without one where differences are taken."""
    used = history[-_NEWEST:]
    if len(used) < _LEAST + 3 * lags or np.ptp(used) == 0:
        return None
    stepped = np.diff(used, differences) if differences else used
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a series that repeats exactly has no unique weights: any of them will do
        fitted = AutoReg(stepped, lags=lags, trend="n" if differences else "c").fit()
    ahead = np.asarray(fitted.forecast(horizon), dtype=np.float64)
    return _finite(used[-1] + np.cumsum(ahead) if differences else ahead)


def _finite(values: object) -> Values | None:
    found = np.asarray(values, dtype=np.float64)
    return found if np.isfinite(found).all() else None
