"""Whom a form may tell: the channels of the viewer's account and their topics, as ARNs with names for people."""

from trimtab.base.errors import InvalidInput
from trimtab.notify.topics import arn_of
from trimtab.web.state import WebState
from trimtab.web.view import View


async def whom(state: WebState, view: View) -> list[tuple[str, str]]:
    """ARN and name of everything that can be told, channels first; a bound viewer is offered nothing of it."""
    if view.principal.bound:
        return []
    channels, topics = dict[str, str](), dict[str, str]()
    for channel, names in await state.notify.channels.list(view.principal.account):
        for found, name, shown in (
            (channels, channel.name, f"{channel.name}, {channel.kind}"),
            *((topics, name, f"topic {name}") for name in names),
        ):
            try:
                found[arn_of(channel.account, state.region, name)] = shown
            except InvalidInput:
                continue  # a name that no ARN can have: it is told by its topics alone
    return [*channels.items(), *topics.items()]
