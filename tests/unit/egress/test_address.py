"""Hosts in all their spellings, and what kind of place an address is."""

import ipaddress

import pytest

from trimtab.base.errors import InvalidInput
from trimtab.egress.address import Kind, Place, forbidden, host_of, kind_of, parse_place, parse_url


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:169.254.169.254]/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://[fd00:ec2::254]/",
        "http://169.254.170.2/v2/credentials",
        "http://metadata.google.internal/computeMetadata",
        "http://METADATA.google.internal./",
        "http://100.100.100.200/",
        "http://2852039166/",
        "http://0xa9fea9fe/",
        "http://0251.0376.0251.0376/",
        "http://169.254.43518/",
        "http://0.0.0.0/",
        "http://0/",
        "http://[::]/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
    ],
)
def test_metadata_services_and_what_is_no_host_are_never_sent_to(url: str) -> None:
    assert forbidden(parse_url(url).place)


@pytest.mark.parametrize(
    "spelling", ["127.0.0.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "127.1", "0177.0.0.1", "127.0.0.1."]
)
def test_every_spelling_of_an_address_is_that_address(spelling: str) -> None:
    assert parse_url(f"http://{spelling}:8080/x").place == Place("127.0.0.1", 8080)


@pytest.mark.parametrize("spelling", ["LocalHost", "localhost."])
def test_a_name_is_written_in_one_way(spelling: str) -> None:
    assert parse_url(f"http://{spelling}/").place == Place("localhost", 80)


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "https:///x",
        "file:///etc/passwd",
        "gopher://passwd/",
        "http://a b/",
        "http://h:99999/",
        "http://h:0/",
        "//x/y",
        "http://h\n/",
        "http://127。0。0。1/",
        "http://①②⑦.0.0.1/",
        "http://user:passwd@127.0.0.1/",
        "http://@127.0.0.1/",
        "http://evil.example\\@127.0.0.1/",
        "http://127.0.0.1\\.evil.example/",
        "http://127.0.0.1%2f.evil.example/",
        "http://[fe80::1%25eth0]/",
        "http://[127.0.0.1]/",
        "http://256.1.1.1.1/",
        "http://08/",
        "http://" + "a" * 2048,
    ],
)
def test_what_is_no_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_url(url)
    assert "passwd" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.5",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.8.9.1",
        "169.254.1.1",
        "198.18.0.1",
        "240.0.0.1",
        "::1",
        "fd12::1",
        "fe80::1",
        "::ffff:10.0.0.5",
        "::10.0.0.5",
        "::ffff:0:10.0.0.5",
        "64:ff9b::10.0.0.5",
        "2002:0a00:0005::1",
        "2001:db8::5efe:10.0.0.5",
    ],
)
def test_what_is_on_no_public_network_is_private_however_it_is_wrapped(address: str) -> None:
    assert kind_of(ipaddress.ip_address(address)) is Kind.PRIVATE


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1"]
)
def test_public_addresses_are_public(address: str) -> None:
    assert kind_of(ipaddress.ip_address(address)) is Kind.PUBLIC


def test_a_place_is_read_as_an_administrator_writes_it() -> None:
    assert parse_place(" Models.internal:443 ") == Place("models.internal", 443)
    assert str(parse_place("[FD00::5]:8080")) == "[fd00::5]:8080"
    assert host_of("0x7f.1") == "127.0.0.1"


@pytest.mark.parametrize(
    "text", ["", "host", "host:", "host:x", "host:0", "http://host:1/", "u@host:1", "host:1/x", "h:70000"]
)
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="expected"):
        parse_place(text)


def test_a_metadata_service_is_no_place() -> None:
    assert "metadata service" in forbidden(parse_place("169.254.169.254:80"))
