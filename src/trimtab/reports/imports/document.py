"""Any dashboard document: CloudWatch's body, Grafana's or Perses' JSON, told apart by what is in it."""

from collections.abc import Mapping
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.reports.dashboards.validate import check_document, errors
from trimtab.reports.imports.grafana import is_grafana, read_grafana
from trimtab.reports.imports.model import Imported, Left
from trimtab.reports.imports.perses import is_perses, read_perses


def read_document(document: Mapping[str, Any]) -> Imported:
    """The body that `document` becomes. Raises InvalidInput for one of another kind, or that makes no valid body."""
    try:
        if is_perses(document):
            found = read_perses(document)
        elif is_grafana(document):
            found = read_grafana(document)
        elif isinstance(document.get("widgets"), list):
            left = tuple(Left(one.path, one.text) for one in check_document(document, strict=False) if not one.error)
            found = Imported(str(document.get("title", "")), "CloudWatch", document, left)
        else:
            raise InvalidInput(
                "cannot import: expected the JSON of a Grafana or Perses dashboard, or a CloudWatch dashboard body",
                field="document",
            )
    except (AttributeError, TypeError, ValueError, KeyError) as problem:
        # A foreign document may have anything anywhere: what the readers trip over is the document's fault.
        raise InvalidInput(f"cannot import: the document is not as expected ({problem})", field="document") from None
    wrong = errors(check_document(found.body, strict=False))
    if wrong:
        raise InvalidInput(f"cannot import: {wrong[0].path or '/'}: {wrong[0].text}", field="document")
    return found
