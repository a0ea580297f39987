"""What a protocol needs to know of an error to write it: names, status, side and members."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from trimtab.doors.aws.faults import SHARED, AwsError
from trimtab.doors.aws.wire.model import ServiceModel


class Fault(Struct, frozen=True):
    """An error resolved against a service's model.

    `code` is the query protocol's name, `shape` the name of the JSON and CBOR protocols (`__type`).
    """

    code: str
    shape: str
    message: str
    status: int
    sender: bool
    modelled: bool
    members: Mapping[str, Any] = field(default_factory=dict)
    retry_after_s: int | None = None

    @property
    def side(self) -> str:
        """Whose fault it is, in the query protocol's words."""
        return "Sender" if self.sender else "Receiver"

    def document(self) -> dict[str, Any]:
        """The members as JSON and CBOR carry them, without the type. An error that says nothing has no message."""
        return {**({"message": self.message} if self.message else {}), **self.members}


def resolve(error: AwsError, model: ServiceModel | None) -> Fault:
    """Find the names, status and side of `error` in the model, else among the shared errors."""
    shape = model.error_shapes.get(error.code) if model else None
    if shape is not None:
        described = shape.metadata.get("error", {})
        status = error.status or described.get("httpStatusCode", 500 if shape.metadata.get("fault") else 400)
        sender = described.get("senderFault", not shape.metadata.get("fault", False))
        return Fault(shape.error_code, shape.name, str(error), status, sender, True, error.members, error.retry_after_s)
    shared = SHARED.get(error.code)
    if shared is None:
        return Fault(
            error.code, error.code, str(error), error.status or 400, True, False, error.members, error.retry_after_s
        )
    status = error.status or shared.status
    return Fault(
        error.code, shared.json_name, str(error), status, shared.sender, False, error.members, error.retry_after_s
    )
