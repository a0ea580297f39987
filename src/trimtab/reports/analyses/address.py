"""A visual as parameters of a URL, and back: `dataset=costs&by=day&by=owner&m=sum(effective_cost)&top=5`."""

from collections.abc import Sequence

import msgspec

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.reports.analyses.spec import KINDS, Measure, Threshold, Visual, check_visual, parse_text

Pairs = list[tuple[str, str]]
PARAMETERS = (
    "spec", "id", "title", "dataset", "kind", "by", "m", "per", "where", "top", "others", "compare", "forecast",
    "anomalies", "limit", "drill", "note",
)  # fmt: skip
"""All that belong to a visual."""


def to_pairs(visual: Visual) -> Pairs:
    """The parameters of a visual; what is usual is left out."""
    pairs: Pairs = [("dataset", visual.dataset)] if visual.dataset else []
    pairs += [("title", visual.title)] if visual.title else []
    pairs += [("kind", visual.kind)] if visual.kind != "auto" else []
    pairs += [("by", one) for one in visual.by]
    pairs += [("m", _measure(one)) for one in visual.measures]
    pairs += [(name, value) for name in ("per", "compare", "forecast", "note") if (value := getattr(visual, name))]
    pairs += [("where", one) for one in visual.where]
    pairs += [("top", str(visual.top))] if visual.top else []
    pairs += [] if visual.others else [("others", "no")]
    pairs += [("anomalies", "yes")] if visual.anomalies else []
    pairs += [("limit", _limit(one)) for one in visual.thresholds]
    pairs += [("drill", one) for one in visual.drill]
    return [*pairs, ("id", visual.id)] if visual.id != "visual" else pairs


def from_pairs(pairs: Sequence[tuple[str, str]]) -> Visual:
    """The visual of parameters. Raises InvalidInput, with the parameter's name."""
    single = dict(pairs)

    def several(name: str) -> list[str]:
        return [value for key, value in pairs if key == name and value.strip()]

    if single.get("spec"):
        return read_visual(parse_text(single["spec"]))
    top = single.get("top", "")
    if top and not top.isdigit():
        raise InvalidInput(f"cannot read top: got {top[:40]!r}; expected a number", field="top")
    if single.get("kind", "auto") not in KINDS:
        raise InvalidInput(f"cannot draw {single['kind'][:40]!r}; expected one of {', '.join(KINDS)}", field="kind")
    document = {
        "id": single.get("id") or "visual",
        **{name: single[name] for name in ("title", "dataset", "kind", "per", "compare", "forecast", "note")
           if single.get(name)},
        "by": several("by"),
        "measures": [_read_measure(one) for one in several("m")],
        "where": several("where"),
        "top": int(top or 0),
        "others": single.get("others", "") != "no",
        "anomalies": single.get("anomalies", "") == "yes",
        "thresholds": [_read_limit(one) for one in several("limit")],
        "drill": several("drill"),
    }  # fmt: skip
    return read_visual(document)


def read_visual(document: object) -> Visual:
    """A document as a visual, its form checked. Raises InvalidInput."""
    try:
        visual = typed.convert(document, Visual)
    except (msgspec.ValidationError, OverflowError) as problem:
        raise InvalidInput(f"cannot read the visual: {problem}", field="visual") from None
    check_visual(visual, "visual")
    return visual


def _measure(one: str | Measure) -> str:
    return one if isinstance(one, str) else msgspec.json.encode(one).decode()


def _read_measure(text: str) -> object:
    if not text.startswith('{"'):
        return text
    try:
        return typed.decode(text)
    except msgspec.DecodeError:
        return text


def _limit(one: Threshold) -> str:
    side = "above" if one.above is not None else "below"
    return f"{side}:{one.value:g}" + (f":{one.label}" if one.label else "")


def _read_limit(text: str) -> dict[str, object]:
    side, _, rest = text.partition(":")
    value, _, label = rest.partition(":")
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if side not in ("above", "below") or number != number or abs(number) > 1e18:
        raise InvalidInput(f"cannot read limit {text[:80]!r}: expected e.g. above:5000:a day's budget", field="limit")
    return {side: number, "label": label}
