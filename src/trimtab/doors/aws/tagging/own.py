"""Tags of what trimtab keeps itself: set and removed by the tagging operations of the service that a thing is of.

That service knows whether the thing exists, whose it is and how many tags it may have; an operation of its own and
TagResources so never differ. How it calls the members is read from its model.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.base.errors import TrimtabError
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import CallContext, Operation, Request, Service
from trimtab.doors.aws.wire.model import Shape

_PUT = ("TagResource", "AddTags")
_REMOVE = ("UntagResource", "DeleteTags", "RemoveTags")
_NAMES = {"cloudwatch": "monitoring"}
"""What ARNs call a service where it is signed for by another name."""


class _Form(Struct, frozen=True):
    """One tagging operation: the member that names the thing, and the member that holds tags or their keys."""

    operation: Operation
    arn: str
    held: str
    shape: Shape

    def request(self, arn: str, tags: Mapping[str, str]) -> Request:
        """The request for a thing: `tags` as the operation has them, or their keys alone."""
        return {self.arn: arn, self.held: _written(self.shape, tags)}


class OwnTags:
    """Tags of the things of `services`, by ARN."""

    def __init__(self, services: Sequence[Service]) -> None:
        self._services = {one.model.signing_name: one for one in services if _form(one, _PUT) is not None}

    def has(self, arn: str) -> bool:
        """Whether a service of those is the ARN's."""
        return self._of(arn) is not None

    async def change(
        self, context: CallContext, arn: str, put: Mapping[str, str], remove: Sequence[str]
    ) -> TrimtabError | None:
        """Set and remove tags of one thing; why that was not done."""
        service = self._of(arn)
        for names, tags in ((_PUT, put), (_REMOVE, dict.fromkeys(remove, ""))):
            form = _form(service, names) if service is not None and tags else None
            if form is None:
                continue
            if not context.principal.may(form.operation.needs):
                return AwsError("AccessDeniedException", f"{context.principal.name} may not change tags of {arn}")
            try:
                await form.operation.call(form.request(arn, tags), context)
            except TrimtabError as problem:
                return problem
        return None

    def _of(self, arn: str) -> Service | None:
        parts = arn.split(":", 5)
        return self._services.get(_NAMES.get(parts[2], parts[2])) if len(parts) == 6 else None


def _form(service: Service, names: Sequence[str]) -> _Form | None:
    """A service's operation of one of `names`; None where it has none that goes by ARN."""
    operation = next((service.operations[name] for name in names if name in service.operations), None)
    if operation is None:
        return None
    members: Mapping[str, Shape] = service.model.operation(operation.name).input_shape.members
    texts = [name for name, shape in members.items() if shape.type_name == "string"]
    held = [name for name, shape in members.items() if shape.type_name in ("list", "map")]
    return _Form(operation, texts[0], held[0], members[held[0]]) if texts and held else None


def _written(shape: Shape, tags: Mapping[str, str]) -> Any:
    if shape.type_name == "map":
        return dict(tags)
    if shape.member.type_name == "string":
        return list(tags)
    key, *value = shape.member.members
    return [{key: name, **dict.fromkeys(value, text)} for name, text in tags.items()]
