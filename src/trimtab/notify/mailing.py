"""Channels for single addresses: rooms whose users name people by their e-mail address, as budgets do."""

import hashlib
from collections.abc import Awaitable, Callable

from trimtab.base.errors import Conflict, NotFound
from trimtab.notify.channels import ChannelStore, Wish
from trimtab.notify.topics import arn_of

_DIGITS = 16


def mail_channels(channels: ChannelStore, region: str) -> Callable[[str, str], Awaitable[str]]:
    """A function from an account and an address to the ARN under which an event's actions name its channel.

    The channel is made when it is first asked for. It raises InvalidInput for what is no address.
    """

    async def channel(account: str, address: str) -> str:
        name = f"mail-{hashlib.sha256(address.lower().encode()).hexdigest()[:_DIGITS]}"
        try:
            await channels.get(account, name)
        except NotFound:
            try:
                await channels.create(account, Wish(name, "email", address))
            except Conflict:  # somebody else made it meanwhile
                await channels.get(account, name)
        return arn_of(account, region, name)

    return channel
