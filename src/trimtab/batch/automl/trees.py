"""Gradient-boosted trees over histograms of the features, split by second order (Chen & Guestrin, 2016). Pure.

A tree is two rows of nodes in the order of a heap: the feature and the limit by which a node parts its records (right
where greater), and the values of the leaves of its lowest level. A node that does not part sends all to the left.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from trimtab.batch.automl.linear import Arrays
from trimtab.batch.automl.losses import Floats, Loss

_BINS = 32
_HELD = 1.0  # of the squares of leaves' values: XGBoost's default
_FEWEST = 1.0  # the least sum of second derivatives in a leaf: XGBoost's default
Ints = npt.NDArray[np.int64]


def fit(features: Floats, wanted: Floats, loss: Loss, settings: Mapping[str, float]) -> Arrays:
    """All trees. Settings: `rounds`, `max_depth`, and `eta`, by which each tree's values are made smaller."""
    depth, width = round(settings["max_depth"]), wanted.shape[1]
    limits = [np.unique(np.quantile(column, np.linspace(0, 1, _BINS + 1)[1:-1])) for column in features.T]
    codes = np.stack([np.searchsorted(one, column, "left") for one, column in zip(limits, features.T, strict=True)], 1)
    start = loss.start(wanted)
    outputs = np.tile(start, (len(features), 1)).astype(np.float64)
    trees: list[tuple[Ints, Floats, Floats]] = []
    for _ in range(round(settings["rounds"])):
        slopes, bends = loss.gradient(outputs, wanted), loss.hessian(outputs, wanted)
        for at in range(width):
            tree, leaf = _grown(codes, limits, slopes[:, at], bends[:, at], depth)
            tree = (tree[0], tree[1], tree[2] * settings["eta"])
            outputs[:, at] += tree[2][leaf]
            trees.append(tree)
    return {
        "start": start,
        "features": np.array([one[0] for one in trees], dtype=np.float64),
        "limits": np.array([one[1] for one in trees]),
        "leaves": np.array([one[2] for one in trees]),
    }


def _grown(
    codes: Ints, limits: list[Floats], slope: Floats, bend: Floats, depth: int
) -> tuple[tuple[Ints, Floats, Floats], Ints]:
    """A tree, level by level, and the leaf of each record."""
    inner = 2**depth - 1
    chosen, above = np.full(inner, -1), np.zeros(inner)
    node = np.zeros(len(codes), dtype=np.int64)
    for level in range(depth):
        nodes = 2**level
        best, feature, code = _best(codes, slope, bend, node, nodes)
        parts = best > 0
        first = nodes - 1
        chosen[first : first + nodes] = np.where(parts, feature, -1)
        for at in np.flatnonzero(parts):
            above[first + at] = limits[feature[at]][code[at]]
        mine = np.where(parts, feature, 0)[node]
        right = parts[node] & (codes[np.arange(len(codes)), mine] > code[node])
        node = node * 2 + right
    leaves = 2**depth
    sums = np.bincount(node, slope, leaves), np.bincount(node, bend, leaves)
    return (chosen, above, -sums[0] / (sums[1] + _HELD)), node


def _best(codes: Ints, slope: Floats, bend: Floats, node: Ints, nodes: int) -> tuple[Floats, Ints, Ints]:
    """The best way to part each node: its gain, its feature, and the last bin that goes to the left."""
    gains, features, bins = np.zeros(nodes), np.zeros(nodes, dtype=np.int64), np.zeros(nodes, dtype=np.int64)
    for feature in range(codes.shape[1]):
        place = node * _BINS + codes[:, feature]
        left, weight = _sums(place, slope, nodes), _sums(place, bend, nodes)
        whole, heavy = left[:, -1:], weight[:, -1:]
        gain = _score(left, weight) + _score(whole - left, heavy - weight) - _score(whole, heavy)
        gain[(weight < _FEWEST) | (heavy - weight < _FEWEST)] = 0.0
        at = gain.argmax(axis=1)
        found = gain[np.arange(nodes), at]
        better = found > gains + 1e-12
        gains, features, bins = (
            np.where(better, new, old) for new, old in ((found, gains), (feature, features), (at, bins))
        )
    return gains, features, bins


def _sums(place: Ints, values: Floats, nodes: int) -> Floats:
    """Values added up over the bins of each node, from the first on."""
    return np.asarray(np.cumsum(np.bincount(place, values, nodes * _BINS).reshape(nodes, _BINS), axis=1))


def _score(slope: Floats, bend: Floats) -> Floats:
    return np.asarray(slope**2 / (bend + _HELD))


def outputs(arrays: Arrays, features: Floats) -> Floats:
    """The outputs of records."""
    start, rows = arrays["start"], np.arange(len(features))
    found = np.tile(start, (len(features), 1)).astype(np.float64)
    for number, (chosen, above, leaves) in enumerate(
        zip(arrays["features"].astype(np.int64), arrays["limits"], arrays["leaves"], strict=True)
    ):
        node = np.zeros(len(features), dtype=np.int64)
        first = 0
        while first < len(chosen):
            feature = chosen[first + node]
            right = (feature >= 0) & (features[rows, np.maximum(feature, 0)] > above[first + node])
            first, node = first * 2 + 1, node * 2 + right
        found[:, number % len(start)] += leaves[node]
    return found
