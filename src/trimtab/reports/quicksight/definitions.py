"""QuickSight's definitions of analyses and dashboards as analyses: every visual that has a meaning here, and why others
have none."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from trimtab.base.errors import InvalidInput
from trimtab.reports.quicksight.columns import Columns, Unmapped
from trimtab.reports.quicksight.filters import condition_of
from trimtab.reports.quicksight.model import Problem
from trimtab.reports.quicksight.visuals import dataset_in, slug, visual_of

MOST_VISUALS = 40
"""Of an analysis here."""
_LISTS = ("StringParameters", "IntegerParameters", "DecimalParameters", "DateTimeParameters")
_DECLARED = (
    "StringParameterDeclaration",
    "IntegerParameterDeclaration",
    "DecimalParameterDeclaration",
    "DateTimeParameterDeclaration",
)


class Placed(Struct, frozen=True):
    """A visual with where it stands: the sheet, its own id there, and the path for messages."""

    sheet: str
    visual: str
    path: str
    document: dict[str, Any]


class Mapped(Struct):
    """A definition as visuals of analyses. `notes` are parts that have no meaning here."""

    visuals: list[Placed] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def map_definition(
    definition: Mapping[str, Any], datasets: Mapping[str, str], parameters: Mapping[str, Any]
) -> Mapped:  # fmt: skip
    """The visuals of a definition. `datasets` are our names by the identifiers that the definition declares."""
    mapped = Mapped()
    columns = Columns.of(definition)
    given = _parameters(definition, parameters)
    ids: set[str] = set()
    for path, sheet, kind, body in _visuals(definition):
        identifier = dataset_in(body) or ""
        if identifier and identifier not in datasets:
            mapped.problems.append(Problem("DATA_SET_NOT_FOUND", f"data set {identifier!r} is not known", path))
            continue
        try:
            document = visual_of(kind, body, columns)
        except InvalidInput as problem:
            mapped.problems.append(unmapped(problem, path))
            continue
        if len(mapped.visuals) == MOST_VISUALS:
            mapped.problems.append(
                Problem("PARAMETER_VALUE_INCOMPATIBLE", f"only {MOST_VISUALS} visuals are drawn", path, fatal=False)
            )
            break
        name = slug(body["VisualId"], ids.__contains__)
        ids.add(name)
        document |= {"id": name, "dataset": datasets.get(identifier) or next(iter(datasets.values()), ""), "where": []}
        mapped.visuals.append(Placed(sheet, body["VisualId"], path, document))
        _filter(mapped, definition, columns, given, (mapped.visuals[-1], identifier))
    return mapped


def unmapped(problem: InvalidInput, path: str) -> Problem:
    """Why a part was not mapped, as an error of QuickSight's."""
    if isinstance(problem, Unmapped):
        return Problem("PARAMETER_VALUE_INCOMPATIBLE", f"not shown by trimtab: {problem}", path, fatal=False)
    return Problem("COLUMN_REPLACEMENT_MISSING", str(problem), path)


def sheets_of(definition: Mapping[str, Any]) -> list[dict[str, str]]:
    """The sheets as lists name them."""
    return [
        {"SheetId": one["SheetId"], "Name": one.get("Name") or one["SheetId"]} for one in definition.get("Sheets") or ()
    ]


def _visuals(definition: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
    """(path, sheet, kind, body) of every visual."""
    for at, sheet in enumerate(definition.get("Sheets") or ()):
        for number, visual in enumerate(sheet.get("Visuals") or ()):
            for kind, body in visual.items():
                if body and kind != "EmptyVisual":
                    yield f"Sheets/{at}/Visuals/{number}", sheet["SheetId"], kind, body


def _filter(
    mapped: Mapped, definition: Mapping[str, Any], columns: Columns, parameters: Mapping[str, Sequence[Any]],
    shown: tuple[Placed, str],
) -> None:  # fmt: skip
    """Give a visual the conditions of the filters that reach it."""
    placed, identifier = shown
    for at, group in enumerate(definition.get("FilterGroups") or ()):
        if group.get("Status") == "DISABLED" or not _reaches(group.get("ScopeConfiguration") or {}, placed):
            continue
        for number, one in enumerate(group["Filters"]):
            if (dataset_in(one) or identifier) != identifier:
                continue
            path = f"FilterGroups/{at}/Filters/{number}"
            try:
                found = condition_of(one, columns, parameters)
            except InvalidInput as problem:
                told = unmapped(problem, path)
                if told not in mapped.problems:
                    mapped.problems.append(told)
                continue
            placed.document["where"] += [found] if found else []


def _reaches(scope: Mapping[str, Any], placed: Placed) -> bool:
    if scope.get("AllSheets") is not None:
        return True
    for one in (scope.get("SelectedSheets") or {}).get("SheetVisualScopingConfigurations") or ():
        if one["SheetId"] == placed.sheet:
            return one["Scope"] == "ALL_VISUALS" or placed.visual in (one.get("VisualIds") or ())
    return False


def _parameters(definition: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Sequence[Any]]:
    """Values by name: what is given, else the defaults that the definition declares."""
    found: dict[str, Sequence[Any]] = {}
    for declared in definition.get("ParameterDeclarations") or ():
        for kind in _DECLARED:
            if one := declared.get(kind):
                found[one["Name"]] = (one.get("DefaultValues") or {}).get("StaticValues") or ()
    for kind in _LISTS:
        found |= {one["Name"]: one["Values"] for one in given.get(kind) or ()}
    return found
