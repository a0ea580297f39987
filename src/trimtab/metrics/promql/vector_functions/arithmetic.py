"""Functions of one number each: mathematics, rounding, clamping. They leave histograms out."""

from collections.abc import Callable

import numpy as np

from trimtab.metrics.promql.values import Flags, Floats, Scalar, Vector

FUNCTIONS: dict[str, Callable[[Floats], Floats]] = {
    "abs": np.abs,
    "acos": np.arccos,
    "acosh": np.arccosh,
    "asin": np.arcsin,
    "asinh": np.arcsinh,
    "atan": np.arctan,
    "atanh": np.arctanh,
    "ceil": np.ceil,
    "cos": np.cos,
    "cosh": np.cosh,
    "deg": lambda values: values * 180 / np.pi,
    "exp": np.exp,
    "floor": np.floor,
    "ln": np.log,
    "log10": np.log10,
    "log2": np.log2,
    "rad": lambda values: values * np.pi / 180,
    "sgn": lambda values: np.where(values < 0, -1.0, np.where(values > 0, 1.0, values)),
    "sin": np.sin,
    "sinh": np.sinh,
    "sqrt": np.sqrt,
    "tan": np.tan,
    "tanh": np.tanh,
}


def apply(name: str, vector: Vector) -> Vector:
    """The function `name` of every float."""
    with np.errstate(all="ignore"):
        return vector.floats_only(FUNCTIONS[name](vector.values))


def rounded(vector: Vector, nearest: Scalar) -> Vector:
    """Every float rounded to a multiple, halves up."""
    with np.errstate(all="ignore"):
        inverse = 1.0 / nearest.values
        return vector.floats_only(np.floor(vector.values * inverse + 0.5) / inverse)


def clamped(vector: Vector, low: Floats, high: Floats) -> Vector:
    """Every float held between two bounds; nothing at steps where the upper is below the lower."""
    fits: Flags = ~(high < low)
    with np.errstate(invalid="ignore"):
        made = vector.floats_only(np.maximum(low, np.minimum(high, vector.values)))
    return Vector(made.labels, made.values, made.present & fits, made.drop).occupied()
