"""Why a data source or an ingestion failed: QuickSight's type of error for each, and a sentence."""

from typing import Any

from trimtab.base.errors import InvalidInput, LimitExceeded, QueryAborted, TrimtabError
from trimtab.store import postgres_rows

_OF_DATABASES = {
    postgres_rows.CONNECTION: ("UNKNOWN_HOST", "DATA_SOURCE_CONNECTION_FAILED"),
    postgres_rows.PASSWORD: ("ACCESS_DENIED", "PASSWORD_AUTHENTICATION_FAILURE"),
    postgres_rows.TABLE: ("GENERIC_SQL_FAILURE", "SQL_TABLE_NOT_FOUND"),
    postgres_rows.TIMEOUT: ("TIMEOUT", "QUERY_TIMEOUT"),
    postgres_rows.STATEMENT: ("GENERIC_SQL_FAILURE", "SQL_EXCEPTION"),
}


class Unreadable(InvalidInput):
    """What cannot be read, with the types of DataSourceErrorInfo and of an ingestion's ErrorInfo."""

    def __init__(self, message: str, source: str, ingestion: str) -> None:
        super().__init__(message)
        self.types = (source, ingestion)


def source_error(problem: TrimtabError) -> dict[str, Any]:
    """A DataSourceErrorInfo."""
    return {"Type": _types(problem)[0], "Message": str(problem)}


def ingestion_error(problem: TrimtabError) -> dict[str, Any]:
    """The ErrorInfo of an ingestion."""
    return {"Type": _types(problem)[1], "Message": str(problem)}


def _types(problem: TrimtabError) -> tuple[str, str]:
    if isinstance(problem, Unreadable):
        return problem.types
    if isinstance(problem, postgres_rows.DatabaseProblem):
        return _OF_DATABASES[problem.kind]
    if isinstance(problem, QueryAborted):
        return "TIMEOUT", "QUERY_TIMEOUT"
    if isinstance(problem, LimitExceeded):
        return "UNKNOWN", "DATA_SET_SIZE_LIMIT_EXCEEDED"
    return "UNKNOWN", "SQL_EXCEPTION"
