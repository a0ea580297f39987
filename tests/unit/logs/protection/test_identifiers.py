import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.logs.protection import checks
from trimtab.logs.protection.identifiers import MANAGED, Finder


def found(name: str, text: str) -> list[str]:
    return [text[start:end] for start, end in Finder(MANAGED[name]).spans(text)]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("EmailAddress", "from a.b+c@mail.example.org, x@y, é <d@e.io>", ["a.b+c@mail.example.org", "d@e.io"]),
        ("IpAddress", "10.0.0.1 10.0.0.2:8080 1.2.3.4.5 999.1.1.1 v1.2.3.4", ["10.0.0.1", "10.0.0.2"]),
        ("IpAddress", "peer 2001:db8::ff00:42:8329, [::1]:80 at 12:34:56.", ["2001:db8::ff00:42:8329", "::1"]),
        ("CreditCardNumber", "4111 1111 1111 1111 and 4111-1111-1111-1112", ["4111 1111 1111 1111"]),
        (
            "CreditCardNumber",
            "378282246310005 at 1764072000000, trace 5555555555554444",
            ["378282246310005", "5555555555554444"],
        ),
        ("CreditCardNumber", "0000000000000000", []),
        ("CreditCardNumber", "7 1234 4111 1111 1111 1111 123", ["4111 1111 1111 1111"]),
        ("CreditCardNumber", "3782 822463 10005", ["3782 822463 10005"]),
        ("CreditCardNumber", " ".join(map(str, range(1_800_000_000_000, 1_800_000_000_050))), []),  # times in ms
        (
            "CreditCardNumber",
            "30569309025904, 6011111111111117, 3530111333300000",
            ["30569309025904", "6011111111111117", "3530111333300000"],
        ),
        ("CreditCardExpiration", "exp 04/27; what is far away from any such word stays: 11/26", ["04/27"]),
        ("CreditCardSecurityCode", "cvv: 123", ["123"]),
        ("CreditCardSecurityCode", "status 123", []),
        (
            "AwsSecretKey",
            "aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            ["wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"],
        ),
        ("AwsSecretKey", "commit 1234567890123456789012345678901234567890", []),
        (
            "PkcsPrivateKey",
            "k=-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY----- x",
            ["-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----"],
        ),
        (
            "OpenSshPrivateKey",
            "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl",
            ["-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl"],
        ),
        ("LatLong", "position 52.5200,13.4050", ["52.5200,13.4050"]),
        ("VehicleIdentificationNumber", "VIN 1M8GDM9AXKP042788 VIN 1M8GDM9A1KP042788", ["1M8GDM9AXKP042788"]),
        ("PhoneNumber-US", "phone (206) 555-0100 or +1 206 555 0101", ["(206) 555-0100", "+1 206 555 0101"]),
        ("PhoneNumber-US", "took 2065550100 ns", []),
        ("PhoneNumber-DE", "Telefon +49 30 901820", ["+49 30 901820"]),
        ("PhoneNumber-FR", "phone 01 23 45 67 89", ["01 23 45 67 89"]),
        ("Ssn-US", "123-45-6789 000-45-6789 666-12-3456 987-65-4321", ["123-45-6789"]),
        (
            "BankAccountNumber-DE",
            "to DE89 3704 0044 0532 0130 00, not DE89370400440532013001",
            ["DE89 3704 0044 0532 0130 00"],
        ),
        ("BankAccountNumber-GB", "GB82WEST12345698765432", ["GB82WEST12345698765432"]),
        ("CpfCode-BR", "cpf 111.444.777-35, cpf 111.444.777-36", ["111.444.777-35"]),
        ("Cnpj-BR", "CNPJ: 11.222.333/0001-81", ["11.222.333/0001-81"]),
        ("ZipCode-US", "zip code 98109-1234", ["98109-1234"]),
        ("NationalProviderId-US", "NPI 1234567893 NPI 1234567890", ["1234567893"]),
        ("DrugEnforcementAgencyNumber-US", "DEA AB1234563", ["AB1234563"]),
    ],
)  # fmt: skip - a table
def test_data_are_found_and_their_likes_are_not(name: str, text: str, expected: list[str]) -> None:
    assert expected == found(name, text)


@given(st.text(max_size=200))
def test_no_text_is_too_strange(text: str) -> None:
    for identifier in MANAGED.values():
        for start, end in Finder(identifier).spans(text):
            assert 0 <= start < end <= len(text)


@given(st.lists(st.integers(0, 9), min_size=12, max_size=18))
def test_one_digit_in_ten_completes_a_number(digits: list[int]) -> None:
    text = "".join(map(str, digits))
    assert 1 == sum(checks.luhn(f"{text}{last}") for last in range(10))
