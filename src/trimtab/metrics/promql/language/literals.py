"""Literals: numbers, durations, and strings with Go's escapes. A byte that is no UTF-8 becomes a lone surrogate."""

import math
import re

_UNIT_MS = {
    "y": 365 * 86_400_000,
    "w": 7 * 86_400_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1000,
    "ms": 1,
}
_PART = re.compile(r"([0-9]+)(ms|[ywdhms])")
_ESCAPE = re.compile(
    rb"\\(?:([abfnrtv\\'\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.?))", re.DOTALL
)
_SIMPLE = dict(zip(b"abfnrtv\\'\"", b"\a\b\f\n\r\t\v\\'\"", strict=True))


def number(text: str) -> float:
    """A number as Go and PromQL write it: decimal, hexadecimal, with an exponent or underscores, Inf, NaN."""
    plain = text.replace("_", "").lower()
    if plain.startswith(("0x", "-0x", "+0x")):
        try:
            return float(int(plain, 16))
        except OverflowError:
            raise ValueError("out of range") from None
    return float(plain)


def duration_s(text: str) -> float:
    """Seconds of `1h30m`; infinite for one of hundreds of digits."""
    return sum(float(count) * _UNIT_MS[unit] for count, unit in _PART.findall(text)) / 1000


def written_duration(milliseconds: int) -> str:
    """A duration as PromQL writes it: `1h30m`, `0s`."""
    if not milliseconds:
        return "0s"
    sign, rest, parts = ("-" if milliseconds < 0 else ""), abs(milliseconds), []
    for unit, size in _UNIT_MS.items():
        # Years and weeks only where they are whole, as Prometheus does: 8d is no 1w1d.
        if unit in ("y", "w") and rest % size:
            continue
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return sign + "".join(parts)


def unquoted(text: str) -> str:
    """What a string literal stands for. Raises ValueError for an escape that there is none of."""
    if text[0] == "`":
        return text[1:-1]
    return _ESCAPE.sub(_byte, text[1:-1].encode()).decode(errors="surrogateescape")


def _byte(match: re.Match[bytes]) -> bytes:
    simple, hexadecimal, short, long, octal, other = match.groups()
    if simple is not None:
        return bytes((_SIMPLE[simple[0]],))
    if hexadecimal is not None:
        return bytes((int(hexadecimal, 16),))
    if octal is not None and int(octal, 8) < 256:
        return bytes((int(octal, 8),))
    digits = short or long
    if digits is not None and int(digits, 16) < 0x110000 and not 0xD800 <= int(digits, 16) < 0xE000:
        return chr(int(digits, 16)).encode()
    raise ValueError(f"invalid escape {(match[0] or other or b'').decode(errors='replace')}")


def quoted(text: str) -> str:
    """A string literal for `text`, in double quotes, as Go's %q writes it."""
    parts = []
    for character in text:
        code = ord(character)
        if 0xDC80 <= code <= 0xDCFF:
            parts.append(f"\\x{code - 0xDC00:02x}")
        elif character in '"\\':
            parts.append("\\" + character)
        elif character in "\a\b\f\n\r\t\v":
            parts.append("\\" + "abfnrtv"["\a\b\f\n\r\t\v".index(character)])
        elif character.isprintable():
            parts.append(character)
        else:
            parts.append(f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
    return '"' + "".join(parts) + '"'


def valid_name(text: str) -> bool:
    """Whether `text` can name a label: some UTF-8."""
    return bool(text) and not any(0xD800 <= ord(character) < 0xE000 for character in text)


def general(value: float) -> str:
    """A number as Go's %g writes it."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    shortest = repr(float(value))
    mantissa, _, exponent = f"{float(value):e}".partition("e")
    power = int(exponent)
    if value and not -4 <= power < 21:
        digits = repr(float(value)).partition("e")[0] if "e" in shortest else mantissa
        digits = digits.rstrip("0").rstrip(".") if "." in digits else digits
        return f"{digits}e{'+' if power >= 0 else '-'}{abs(power):02d}"
    return decimal(value)


def decimal(value: float) -> str:
    """The shortest decimal without an exponent that reads back as `value`, as Go's 'f' with precision -1."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(float(value))
    if "e" in text:
        mantissa, _, exponent = text.partition("e")
        sign = "-" if mantissa.startswith("-") else ""
        whole, _, fraction = mantissa.lstrip("-").partition(".")
        fraction = "" if fraction == "0" else fraction
        point = len(whole) + int(exponent)
        digits = whole + fraction
        if point <= 0:
            return f"{sign}0.{'0' * -point}{digits}"
        if point >= len(digits):
            return sign + digits + "0" * (point - len(digits))
        return f"{sign}{digits[:point]}.{digits[point:]}"
    return text.removesuffix(".0")
