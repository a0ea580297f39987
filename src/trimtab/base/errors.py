"""The one error tree. Doors map each class to their own wire codes in one table.

TrimtabError
├── InvalidInput          the caller's request is wrong: say what, what was expected, what to do
│   └── LimitExceeded     a documented limit was passed
├── NotFound              the named thing does not exist (or is outside the caller's scope)
├── Conflict              the named thing exists already, or changed under the caller
├── Unauthenticated       no credential, or one that does not verify
├── AccessDenied          a known caller who may not do this
├── Throttled             try again later: `retry_after_s`
├── Unavailable           a part of trimtab cannot answer now
│   └── DiskFull          no room for the log: nothing was written
├── QueryAborted          a read passed its time or memory limit
└── SetupError            trimtab cannot start or run as configured
"""


class TrimtabError(Exception):
    """Base of every error that trimtab raises on purpose. The message is meant for a person."""


class InvalidInput(TrimtabError):
    """The request is wrong. `field` names the part at fault where there is one."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class LimitExceeded(InvalidInput):
    """A documented limit was passed."""


class NotFound(TrimtabError):
    """The named thing does not exist, or not in the caller's scope."""


class Conflict(TrimtabError):
    """The named thing exists already, or changed since the caller read it."""


class Unauthenticated(TrimtabError):
    """No credential was given, or it does not verify. `code` is the wire's own where it has several."""

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


class AccessDenied(TrimtabError):
    """The caller is known and may not do this."""


class Throttled(TrimtabError):
    """A bounded queue or log is full. Nothing of the request was kept."""

    def __init__(self, message: str, *, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unavailable(TrimtabError):
    """A part of trimtab cannot answer now."""


class DiskFull(Unavailable):
    """The disk has no room for the log. Nothing of the request was kept; reads go on."""


class QueryAborted(TrimtabError):
    """A read passed its time or memory limit and was stopped."""


class SetupError(TrimtabError):
    """trimtab cannot start or run as configured. The message says what to change."""
