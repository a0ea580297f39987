"""A link is opened by the keys of the installation, as it was signed and no other way."""

import pytest

from trimtab.access.signed_links import PURPOSE, opened, signed
from trimtab.base.errors import NotFound
from trimtab.store.state.database import State

KEY, OTHER = b"k" * 32, b"o" * 32


def test_a_link_opens_with_any_of_the_keys_that_may_have_signed_it() -> None:
    token = signed(KEY, "ask 1 done")
    assert "ask 1 done" == opened([KEY], token) == opened([OTHER, KEY], token)
    assert token.isascii() and not set(token) & set("/+= ")


@pytest.mark.parametrize(
    "token",
    [
        signed(OTHER, "ask 1 done"),
        signed(KEY, "ask 1 done")[:-1],
        signed(KEY, "ask 1 done").partition(".")[0],
        signed(KEY, "ask 1 snooze").partition(".")[0] + "." + signed(KEY, "ask 1 done").partition(".")[2],
        "",
        ".",
        "é.é",
        "_w._w",
    ],
)
def test_what_was_not_signed_is_refused(token: str) -> None:
    with pytest.raises(NotFound, match="not signed here, or it is cut"):
        opened([KEY], token)


def test_keys_for_links_outlive_another_sealing_key_and_are_of_their_purpose(state: State) -> None:
    (before,) = state.signing_keys(PURPOSE)
    assert before != state.signing_keys("another purpose")[0]
    state.rotate_seals()
    now = state.signing_keys(PURPOSE)
    assert before != now[0]
    assert before in now
