"""Errors on AWS's wires: `AwsError`, the names that all services share, and the table from trimtab's own errors.

A shared error has one name in query services and another in the younger protocols; both are given here.
Source: AWS's "Common errors" pages of the query and JSON services, and the SDKs' own tables.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from trimtab.base.errors import (
    AccessDenied,
    Conflict,
    InvalidInput,
    LimitExceeded,
    NotFound,
    QueryAborted,
    Throttled,
    TrimtabError,
    Unauthenticated,
    Unavailable,
)


class Shared(Struct, frozen=True):
    """An error that every service can answer: its name for SDKs, the HTTP status, and whose fault it is."""

    json_name: str
    status: int = 400
    sender: bool = True


SHARED: Mapping[str, Shared] = {
    "AccessDenied": Shared("AccessDeniedException", 403),
    "IncompleteSignature": Shared("IncompleteSignatureException", 403),
    "InternalFailure": Shared("InternalFailure", 500, sender=False),
    "InvalidAction": Shared("UnknownOperationException", 404),
    "InvalidClientTokenId": Shared("UnrecognizedClientException", 403),
    "MalformedInput": Shared("SerializationException"),
    "MissingAuthenticationToken": Shared("MissingAuthenticationTokenException", 403),
    "RequestEntityTooLarge": Shared("RequestEntityTooLargeException", 413),
    "RequestExpired": Shared("InvalidSignatureException"),
    "ServiceUnavailable": Shared("ServiceUnavailableException", 503, sender=False),
    "SignatureDoesNotMatch": Shared("InvalidSignatureException", 403),
    "Throttling": Shared("ThrottlingException", 429),
    "ValidationError": Shared("ValidationException"),
}
"""By the query protocol's name. 429 and not 400 for Throttling: proxies and plain HTTP clients understand it too."""


class AwsError(TrimtabError):
    """An error with a service's own code. `code` is the query protocol's name where there are two.

    `members` are further members of the modelled error; `status` overrides the one that the model or `SHARED` has.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int | None = None,
        members: Mapping[str, Any] | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.members = dict(members or {})
        self.retry_after_s = retry_after_s


def of_domain(error: TrimtabError, invalid: str = "ValidationError") -> AwsError:
    """The wire's form of one of trimtab's errors; `invalid` is the service's own code for a wrong request."""
    if isinstance(error, AwsError):
        return error
    if isinstance(error, Throttled):
        return AwsError("Throttling", str(error), retry_after_s=error.retry_after_s)
    if isinstance(error, Unauthenticated):
        return AwsError(error.code or "MissingAuthenticationToken", str(error))
    for kind, code in _CODES:
        if isinstance(error, kind):
            return AwsError(code or invalid, str(error))
    return AwsError("InternalFailure", str(error))


_CODES: tuple[tuple[type[TrimtabError], str | None], ...] = (
    (LimitExceeded, "LimitExceeded"),
    (InvalidInput, None),
    (NotFound, "ResourceNotFoundException"),
    (Conflict, "ConflictException"),
    (AccessDenied, "AccessDenied"),
    (QueryAborted, "LimitExceeded"),
    (Unavailable, "ServiceUnavailable"),
)
"""The first class that fits counts. None means the service's own code."""
