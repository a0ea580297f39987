"""What travels over `/rest/v1/event-connections`: how endpoints outside are signed in to."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from trimtab.client.triggers_wire import Name
from trimtab.client.wire import Millis

Secret = Annotated[str, Meta(max_length=4096)]


class PutConnection(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A connection. `user` is the header's name of an API key, the user of basic, the client's id of OAuth.

    `secret` is the header's value, the password or the client's secret; it is not shown again. With an `endpoint` an
    API destination of the same name is made too, which rules can name as a target.
    """

    name: Name
    kind: Literal["api key", "basic", "oauth"]
    user: Annotated[str, Meta(min_length=1, max_length=512)]
    secret: Secret
    token_url: Annotated[str, Meta(max_length=2048, description="oauth: where tokens are asked for.")] = ""
    endpoint: Annotated[str, Meta(max_length=2048)] = ""
    method: Literal["POST", "GET", "PUT", "PATCH", "DELETE"] = "POST"
    description: Annotated[str, Meta(max_length=512)] = ""


class Connection(Struct, frozen=True):
    """A connection without its secret, and the API destinations that use it."""

    name: str
    arn: str
    kind: str
    state: str
    user: str
    created_ms: Millis
    destinations: list[str]


class ConnectionList(Struct, frozen=True):
    """Every connection, by name."""

    connections: list[Connection]
