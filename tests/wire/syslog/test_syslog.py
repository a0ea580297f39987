"""Python's own SysLogHandler and lines of RFC 6587 reach a log group, over UDP and TCP."""

import logging
import logging.handlers
import socket
import time

import pytest

from live_server import LiveServer
from trimtab.base.errors import NotFound
from trimtab.client.api import Client
from trimtab.client.log_events import LogEvents
from trimtab.client.log_events_wire import LogEvent

pytestmark = pytest.mark.wire
WITHIN_S = 20


def found(server: LiveServer, count: int) -> list[LogEvent]:
    end = time.monotonic() + WITHIN_S
    with Client(server.url) as client:
        while time.monotonic() < end:
            try:
                events = LogEvents(client).events("syslog", end="4102444800000").events
            except NotFound:  # the group is made by the first message
                continue
            if len(events) >= count:
                return events
    raise AssertionError(f"fewer than {count} messages after {WITHIN_S} s")


def test_messages_of_both_transports_and_framings_arrive(server: LiveServer) -> None:
    address = server.address_of("syslog")
    handler = logging.handlers.SysLogHandler(address, facility="local3")
    handler.ident = "shop: "
    handler.emit(logging.LogRecord("x", logging.ERROR, "", 0, "cannot pay", None, None))
    handler.close()
    counted = b"<14>1 - web-1 app 7 - - counted\nin two lines"
    with socket.create_connection(address) as connection:
        connection.sendall(b"%d %s" % (len(counted), counted) + b"<11>1 - web-1 app - - - a line\n")
    events = {event.message: event for event in found(server, 3)}
    assert events.keys() == {"cannot pay", "counted\nin two lines", "a line"}
    paid = events["cannot pay"]
    assert (paid.stream, paid.severity, paid.attributes) == ("udp", "ERROR", {"facility": "local3", "appname": "shop"})
    assert events["a line"].stream == "web-1"
    assert events["counted\nin two lines"].attributes["procid"] == "7"
