"""CUR 2.0 (AWS Data Exports), and the Parquet of legacy reports, which has the same names with maps spread out."""

from trimtab.costs.readers.aws import map_aws
from trimtab.costs.readers.columns import Columns
from trimtab.costs.readers.lines import LineMap

FORMAT = "cur2"


def recognises(columns: Columns) -> bool:
    """Whether a file has the columns without which it is no CUR 2.0."""
    return columns.has("line_item_unblended_cost", "line_item_line_item_type")


def read(columns: Columns) -> LineMap:
    """How the file becomes lines."""
    return map_aws(columns, FORMAT)
