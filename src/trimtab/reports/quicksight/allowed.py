"""Which places data sources may read: TRIMTAB_QUICKSIGHT_SOURCES."""

from urllib.parse import urlsplit

from msgspec import Struct

from trimtab.base.errors import SetupError
from trimtab.reports.quicksight.problems import Unreadable

POSTGRES_PORT = 5432
_SETTING = "TRIMTAB_QUICKSIGHT_SOURCES"


class Allowed(Struct, frozen=True):
    """`prefixes` are those of S3, each with its last slash; `databases` (host, port, name), "" for every name."""

    prefixes: tuple[str, ...] = ()
    databases: tuple[tuple[str, int, str], ...] = ()

    def check_object(self, uri: str) -> None:
        """Raise Unreadable for an object or prefix of S3 outside the places."""
        steps = uri.split("/")
        if ".." in steps or not any(uri.startswith(one) for one in self.prefixes):
            raise Unreadable(f"cannot read {uri}: {_SETTING} names no place that has it", "ACCESS_DENIED",
                             "PERMISSION_DENIED")  # fmt: skip

    def has_database(self, host: str, port: int, name: str) -> bool:
        """Whether a database is one of the places."""
        return any((host.lower(), port) == one[:2] and one[2] in ("", name) for one in self.databases)

    def check_database(self, host: str, port: int, name: str) -> None:
        """Raise Unreadable for a database outside the places."""
        if not self.has_database(host, port, name):
            where = f"postgresql://{host}:{port}/{name}"
            raise Unreadable(f"cannot read {where}: {_SETTING} does not name it", "ACCESS_DENIED", "PERMISSION_DENIED")


def read_allowed(text: str) -> Allowed:
    """The places of the setting. Raises SetupError."""
    prefixes, databases = [], []
    for part in (one.strip() for one in text.split(",")):
        if not part:
            continue
        try:
            url = urlsplit(part)
            port = url.port or POSTGRES_PORT
        except ValueError:
            raise _unusable(part) from None
        if url.scheme == "s3" and url.netloc:
            prefixes.append(f"s3://{url.netloc}/{url.path.strip('/')}".rstrip("/") + "/")
        elif url.scheme == "postgresql" and url.hostname and "@" not in url.netloc:
            databases.append((url.hostname, port, url.path.strip("/")))
        else:
            raise _unusable(part)
    return Allowed(tuple(prefixes), tuple(databases))


def _unusable(part: str) -> SetupError:
    return SetupError(
        f"cannot use {_SETTING}: got {part!r}; expected s3://bucket/prefix or postgresql://host:port/database, "
        "without user and password"
    )
