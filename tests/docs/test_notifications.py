"""The guide's code that verifies a webhook does so, with messages that trimtab made."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trimtab.base.clock import SystemClock
from trimtab.notify.compose import webhook
from trimtab.notify.kinds import KINDS
from trimtab.notify.model import Channel, Notification, Parcel, Severity

Verify = Callable[[str, dict[str, str], bytes], bool]


@pytest.fixture
def verified(repository: Path) -> Verify:
    text = (repository / "docs" / "guide" / "notifications.md").read_text()
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert code is not None
    scope: dict[str, Any] = {}
    exec(code[1], scope)
    return scope["verified"]  # type: ignore[no-any-return]  # the guide's function


def test_the_guides_code_takes_what_trimtab_sends_and_nothing_else(verified: Verify) -> None:
    secret = webhook.new_secret()
    now_ms = SystemClock().now_ms()
    told = Notification("e", "alarm.state_changed", now_ms, "cpu", "ALARM", "hot", Severity.ERROR, "o", "g")
    channel = Channel("c", "123456789012", "hook", "webhook", "http://127.0.0.1:1", secret={"signing_secret": secret})
    sent = webhook.compose(Parcel("d", ("d",), (told,), 0), channel, now_ms)
    headers = {name.lower(): value for name, value in sent.headers.items()}
    assert verified(secret, headers, sent.body)
    assert not verified(secret, headers, sent.body + b" ")
    assert not verified(webhook.new_secret(), headers, sent.body)
    assert not verified(secret, {**headers, "webhook-id": "other"}, sent.body)
    old = webhook.compose(Parcel("d", ("d",), (told,), 0), channel, now_ms - 3_600_000)
    assert not verified(secret, {name.lower(): value for name, value in old.headers.items()}, old.body)


def test_the_guide_names_every_kind_of_channel(repository: Path) -> None:
    text = (repository / "docs" / "guide" / "notifications.md").read_text().lower()
    assert [] == [kind for kind in KINDS if kind not in text]
