import pytest

from trimtab.base.loopback import is_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.8.7", "::1", "localhost", "trimtab.localhost"])
def test_names_of_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "0.0.0.0", "::", "10.0.0.1", "localhost.example.com", "notlocalhost", "127.0.0.1.nip.io"]
)
def test_names_that_may_lead_elsewhere(host: str) -> None:
    assert not is_loopback(host)
