"""What the audit keeps of a request: names and values, no secrets."""

from typing import Any

import pytest

from trimtab.doors.auditing.redact import HIDDEN, LONGEST, MOST, redacted


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"name": "a", "secret": "s3"}, {"name": "a", "secret": HIDDEN}),
        (
            {"Password": 1, "apiKey": "k", "routing_key": "r"},
            {"Password": HIDDEN, "apiKey": HIDDEN, "routing_key": HIDDEN},
        ),
        ({"nested": [{"token": "t", "n": 1.5}]}, {"nested": [{"token": HIDDEN, "n": 1.5}]}),
        ({"url": "https://u:p@hooks.example.com:8443/x/y?z=1"}, {"url": f"https://hooks.example.com:8443/{HIDDEN}"}),
        ({"endpoint": "https://example.com"}, {"endpoint": "https://example.com"}),
        ({"blob": b"abc", "none": None, "yes": True}, {"blob": "3 bytes", "none": None, "yes": True}),
        ({"secret": {"inside": "kept", "password": "x"}}, {"secret": {"inside": "kept", "password": HIDDEN}}),
    ],
)
def test_secrets_are_hidden_and_the_rest_is_kept(given: Any, kept: Any) -> None:
    assert redacted(given) == kept


def test_what_is_long_is_cut_and_says_so() -> None:
    assert redacted("x" * (LONGEST + 1)) == "x" * LONGEST + f"… ({LONGEST + 1} characters)"
    assert redacted(list(range(MOST + 2)))[-1] == "… 2 more"
    assert redacted({str(n): n for n in range(MOST + 3)})["…"] == "3 more"


def test_a_value_that_says_of_itself_that_it_is_secret_is_hidden() -> None:
    header = {"Key": "X-Team", "Value": "t0psecret", "IsValueSecret": True}
    assert redacted({"HeaderParameters": [header]}) == {"HeaderParameters": [{**header, "Value": HIDDEN}]}
    assert redacted({**header, "IsValueSecret": False})["Value"] == "t0psecret"
