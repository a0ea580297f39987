"""Check digits of numbers that are sensitive: what only looks like one does not pass. Pure."""

import re

_NOT_DIGIT = re.compile(r"\D")
_CARDS = re.compile(
    r"4\d{12}(?:\d{3}(?:\d{3})?)?"  # Visa
    r"|(?:5[1-5]|2[2-7])\d{14}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-5]|[689]\d)\d{11}"  # Diners Club
    r"|(?:6011|65\d\d|64[4-9]\d|62\d\d)\d{12}(?:\d{1,3})?"  # Discover, UnionPay
    r"|35\d{14}|(?:2131|1800)\d{11}"  # JCB
    r"|(?:5018|5020|5038|6304|6759|676[1-3])\d{9,15}"  # Maestro
)
_VIN_VALUES = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", map(int, "12345678123457923456789"), strict=True))
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def card(text: str) -> bool:
    """Whether a card network gives such numbers, by their beginning and length, and by Luhn's check digit."""
    digits = _NOT_DIGIT.sub("", text)
    return _CARDS.fullmatch(digits) is not None and luhn(digits)


def luhn(digits: str) -> bool:
    """Luhn's check digit (ISO/IEC 7812-1)."""
    total = 0
    for place, digit in enumerate(map(int, reversed(digits))):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def provider(text: str) -> bool:
    """A National Provider Identifier: Luhn's check digit with the prefix 80840 before it."""
    return luhn("80840" + text)


def ssn(text: str) -> bool:
    """A Social Security Number that can have been given: no part is zero, the area is neither 666 nor from 900 on."""
    area, group, serial = re.split(r"[- ]", text)
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


def iban(text: str) -> bool:
    """An IBAN: its number modulo 97 is 1 (ISO 13616)."""
    bare = text.replace(" ", "")
    return int("".join(str(int(one, 36)) for one in bare[4:] + bare[:4])) % 97 == 1


def vin(text: str) -> bool:
    """A vehicle identification number with its check digit at the ninth place (ISO 3779, North America)."""
    values = (int(one) if one.isdigit() else _VIN_VALUES[one] for one in text)
    rest = sum(value * weight for value, weight in zip(values, _VIN_WEIGHTS, strict=True)) % 11
    return text[8] == ("X" if rest == 10 else str(rest))


def dea(text: str) -> bool:
    """A number of the Drug Enforcement Administration, by its last digit."""
    digits = [int(one) for one in text[2:]]
    return (sum(digits[0:6:2]) + 2 * sum(digits[1:6:2])) % 10 == digits[6]


def cpf(text: str) -> bool:
    """A Brazilian CPF, by its two check digits."""
    digits = [int(one) for one in _NOT_DIGIT.sub("", text)]
    return len(set(digits)) > 1 and all(
        digits[count] == _eleven(digits[:count], range(count + 1, 1, -1)) for count in (9, 10)
    )


def cnpj(text: str) -> bool:
    """A Brazilian CNPJ, by its two check digits."""
    digits = [int(one) for one in _NOT_DIGIT.sub("", text)]
    weights = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    return len(set(digits)) > 1 and all(
        digits[count] == _eleven(digits[:count], weights[13 - count :]) for count in (12, 13)
    )


def _eleven(digits: list[int], weights: "range | tuple[int, ...]") -> int:
    rest = sum(digit * weight for digit, weight in zip(digits, weights, strict=True)) % 11
    return 0 if rest < 2 else 11 - rest
