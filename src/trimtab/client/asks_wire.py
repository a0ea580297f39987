"""What travels over `/rest/v1/asked`: what owners were asked, and what they answered."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from trimtab.client.wire import Millis

AnswerName = Literal["snooze", "done", "not mine", "stop it"]


class Asked(Struct, frozen=True):
    """What an owner was asked. `worth` is a decimal number in `currency`, null where it is not known.

    `answer` is "" while there is none, `closed_ms` 0 while the subject is there, `until_ms` the end of a snooze. `stop`
    says where a stop that was asked for is, `outcome` what came of it.
    """

    id: str
    kind: Literal["finding", "idle run", "budget"]
    owner: str
    account: str
    title: str
    text: str
    link: str
    worth: str | None
    currency: str
    asked_ms: Millis
    round: Annotated[int, Meta(description="How often it was asked.")]
    open: bool
    answer: str
    answered_by: str
    answered_ms: Millis
    until_ms: Millis
    stop: str
    stop_by: str
    outcome: str
    closed_ms: Millis


class AskedList(Struct, frozen=True):
    """What was asked, the newest first."""

    asked: list[Asked]


class GiveAnswer(Struct, frozen=True, forbid_unknown_fields=True):
    """An answer for an owner."""

    answer: AnswerName


class DecideStop(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether what an owner asked to stop is stopped, or goes on."""

    approve: bool
