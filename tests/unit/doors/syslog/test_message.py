"""Messages of both RFCs, and what is neither."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.base.clock import to_ms
from trimtab.doors.syslog.message import SyslogMessage, read_message

NOW = to_ms(datetime(2026, 1, 2, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (  # RFC 5424, 6.5, example 1
            "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \ufeff'su root' failed for lonvick",
            SyslogMessage(
                "auth", "FATAL", "'su root' failed for lonvick", 1_065_910_455_003, "mymachine.example.com",
                {"appname": "su", "msgid": "ID47"},
            ),
        ),
        (  # example 4, with a value that has escapes
            '<165>1 - host app 8710 - [exampleSDID@32473 iut="3" x="a\\"b\\]"][other@1 y="2"] text',
            SyslogMessage(
                "local4", "INFO", "text", None, "host",
                {"appname": "app", "procid": "8710", "exampleSDID@32473.iut": "3", "exampleSDID@32473.x": 'a"b]',
                 "other@1.y": "2"},
            ),
        ),
        (  # RFC 3164, 5.4, example 1: October is nearer before than after January
            "<34>Oct 11 22:14:15 mymachine su: 'su root' failed",
            SyslogMessage(
                "auth", "FATAL", "'su root' failed", to_ms(datetime(2025, 10, 11, 22, 14, 15, tzinfo=UTC)), "mymachine",
                {"appname": "su"},
            ),
        ),
        (
            "<30>Jan  2 11:59:59 web-1 sshd[42]: Accepted",
            SyslogMessage(
                "daemon", "INFO", "Accepted", NOW - 1000, "web-1", {"appname": "sshd", "procid": "42"}
            ),
        ),
        (  # rsyslog 8.2504, RSYSLOG_SyslogProtocol23Format: the space after the tag stays in the text
            "<155>1 2026-01-02T11:59:59.112136+00:00 vm shop - - -  cannot pay",
            SyslogMessage("local3", "ERROR", "cannot pay", NOW - 888, "vm", {"appname": "shop"}),
        ),
        (  # the same, RSYSLOG_ForwardFormat: the older form with a whole time
            "<14>2026-01-02T12:59:59.121654+01:00 vm trainer[13431]: two#012lines",
            SyslogMessage(
                "user", "INFO", "two#012lines", NOW - 878, "vm", {"appname": "trainer", "procid": "13431"}
            ),
        ),
        (  # syslog-ng 4.8, syslog(): counted, so that a text may have lines
            '<14>1 2026-01-02T11:59:59+00:00 vm trainer 13897 - [meta sequenceId="2"] two\nlines',
            SyslogMessage(
                "user", "INFO", "two\nlines", NOW - 1000, "vm",
                {"appname": "trainer", "procid": "13897", "meta.sequenceId": "2"},
            ),
        ),
        ("<13>2026-13-02T11:59:59Z vm shop: x", SyslogMessage("user", "INFO", "x", None, "vm", {"appname": "shop"})),
        ("<13>Use the BFG!", SyslogMessage("user", "INFO", "Use the BFG!")),
        ("no priority at all", SyslogMessage("user", "INFO", "no priority at all")),
        ("<999>wrong", SyslogMessage("user", "INFO", "<999>wrong")),
    ],
)  # fmt: skip
def test_messages_are_read_as_the_rfcs_write_them(line: str, expected: SyslogMessage) -> None:
    assert read_message(line, NOW) == expected


@given(
    st.text(max_size=200),
    st.sampled_from(["", "<34>", "<34>1 - - - - - ", "<34>Feb 29 10:00:00 ", "<34>1 x y z a b [c"]),
)
def test_nothing_that_is_sent_fails(text: str, head: str) -> None:
    assert read_message(head + text, NOW).severity in ("INFO", "FATAL", "ERROR", "WARN", "DEBUG")
