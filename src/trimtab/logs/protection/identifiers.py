"""Managed data identifiers: which kinds of sensitive data are found, by which shape, check and words beside them.

The names are CloudWatch Logs' own. A kind with `words` counts only where one of them stands within 30 characters
before or behind, as documented; a `check` (Luhn, mod 97, …) leaves out what only looks alike. What AWS finds by
machine learning (Address, Name) is not here. Source: CloudWatch Logs user guide, "Types of data that you can protect".
"""

import re
from collections.abc import Callable, Mapping

import re2
from msgspec import Struct

from trimtab.logs.protection import checks

ARN = "arn:aws:dataprotection::aws:data-identifier/"
"""How a policy names a managed identifier."""


class Identifier(Struct, frozen=True):
    """A kind of sensitive data. The first group of `shape` is the data; without one it is the whole match."""

    name: str
    shape: str
    words: tuple[str, ...] = ()
    check: Callable[[str], bool] | None = None
    needs: str = ""
    """A character without which a text has none of these; a digit is written 0."""
    before: str = ""
    """Python's regex of what, at the end of the text before it, makes it something else."""
    behind: str = ""
    """The same of what follows it."""


_PHONE = ("cell", "contact", "fax", "mobile", "phone", "tel", "telephone", "telefono", "telefone", "telefon", "handy")
_PEM = r"-----BEGIN {0}-----(?:[^-]|-[^-]|--[^-])*(?:-----END {0}-----)?"
_IN_NUMBER = r"[\w+-]$"
_EXPIRES = (
    "card", "exp", "expiration", "expiry", "valid thru", "valid through", "valid until", "caducidad", "gultig bis",
)  # fmt: skip
_V4 = r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_V6 = (
    r"(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|(?:[0-9A-Fa-f]{1,4}:){1,6}(?::[0-9A-Fa-f]{1,4}){1,6}"
    r"|(?:[0-9A-Fa-f]{1,4}:){2,7}:|::(?:[0-9A-Fa-f]{1,4}:){0,5}[0-9A-Fa-f]{1,4}"
)

_MANAGED = (
    Identifier("EmailAddress", r"\b[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[\w-]{1,63}\.)+[A-Za-z]{2,24}\b", needs="@"),
    Identifier("IpAddress", rf"{_V4}|{_V6}", (), None, "0", r"[\w:]$|\w\.$", r"\w|\.\d"),
    Identifier(
        "CreditCardNumber",
        r"\b(?:\d{13,19}|\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{4}|\d{4}[ -]\d{6}[ -]\d{4,5})\b",
        (),
        checks.card,
        "0",
    ),
    Identifier("CreditCardExpiration", r"\b((?:0[1-9]|1[0-2])[/ -](?:20)?\d\d)\b", _EXPIRES, None, "0"),
    Identifier(
        "CreditCardSecurityCode",
        r"\b(\d{3,4})\b",
        ("card id", "card identification", "card security", "card verification", "cvc", "cvv", "cvv2", "cid", "csc"),
        None,
        "0",
    ),
    Identifier(
        "AwsSecretKey",
        r"[A-Za-z0-9/+]{40}",
        ("aws_secret_access_key", "credentials", "secret access key", "secret key", "set-awscredential"),
        None,
        "",
        r"[A-Za-z0-9/+]$",
        r"[A-Za-z0-9/+=]",
    ),
    Identifier("OpenSshPrivateKey", _PEM.format("OPENSSH PRIVATE KEY"), needs="-"),
    Identifier("PgpPrivateKey", _PEM.format("PGP PRIVATE KEY BLOCK"), needs="-"),
    Identifier("PkcsPrivateKey", _PEM.format("(?:RSA |DSA |EC |ENCRYPTED )?PRIVATE KEY"), needs="-"),
    Identifier("PuttyPrivateKey", r"(?s)PuTTY-User-Key-File-\d: .+", needs="-"),
    Identifier(
        "LatLong",
        r"(-?(?:90(?:\.0+)?|[1-8]?\d\.\d{2,10}) ?, ?-?(?:180(?:\.0+)?|1?[0-7]?\d\.\d{2,10}))",
        ("coordinate", "coordinates", "lat long", "latitude", "longitude", "latlon", "location", "position"),
        None,
        "0",
    ),
    Identifier(
        "VehicleIdentificationNumber",
        r"\b[A-HJ-NPR-Z0-9]{17}\b",
        ("vin", "vehicle identification", "fahrgestellnummer", "chassis"),
        checks.vin,
        "0",
    ),
    Identifier(
        "PhoneNumber-US", r"((?:\+?1[ .-]?)?\(?[2-9]\d{2}\)?[ .-]?\d{3}[ .-]?\d{4})\b", _PHONE, None, "0", _IN_NUMBER
    ),
    Identifier(
        "PhoneNumber-GB",
        r"((?:\+44|0)[ .-]?\(?0?\)?\d{2,5}\)?[ .-]?\d{3,4}[ .-]?\d{3,4})\b",
        _PHONE,
        None,
        "0",
        _IN_NUMBER,
    ),
    Identifier("PhoneNumber-DE", r"((?:\+49|0)[ ./-]?\(?0?\)?\d{2,5}[ ./-]?\d{3,9})\b", _PHONE, None, "0", _IN_NUMBER),
    Identifier("PhoneNumber-FR", r"((?:\+33|0)[ .-]?[1-9](?:[ .-]?\d{2}){4})\b", _PHONE, None, "0", _IN_NUMBER),
    Identifier("PhoneNumber-ES", r"((?:\+34[ .-]?)?[6-9]\d{2}[ .-]?\d{3}[ .-]?\d{3})\b", _PHONE, None, "0", _IN_NUMBER),
    Identifier("PhoneNumber-IT", r"((?:\+39[ .-]?)?[03]\d{1,3}[ .-]?\d{5,8})\b", _PHONE, None, "0", _IN_NUMBER),
    Identifier(
        "PhoneNumber-BR", r"((?:\+55[ .-]?)?\(?\d{2}\)?[ .-]?9?\d{4}[ .-]?\d{4})\b", _PHONE, None, "0", _IN_NUMBER
    ),
    Identifier("Ssn-US", r"\b\d{3}-\d{2}-\d{4}\b|\b\d{3} \d{2} \d{4}\b", (), checks.ssn, "0"),
    Identifier("Ssn-ES", r"\b\d{2}[ /-]?\d{8}[ /-]?\d{2}\b", ("seguridad social", "social security", "naf"), None, "0"),
    Identifier(
        "IndividualTaxIdentificationNumber-US",
        r"\b9\d{2}[ -]?(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])[ -]?\d{4}\b",
        ("itin", "individual taxpayer", "tax id", "taxpayer id"),
        None,
        "0",
    ),
    *(
        Identifier(
            f"BankAccountNumber-{country}",
            rf"\b{country}\d{{2}}(?: ?[A-Z0-9]{{4}}){{3,7}}(?: ?[A-Z0-9]{{1,3}})?\b",
            (),
            checks.iban,
            "0",
        )
        for country in ("DE", "ES", "FR", "GB", "IT")
    ),
    Identifier(
        "BankAccountNumber-US",
        r"\b\d{5,17}\b",
        ("bank account", "account number", "checking account", "acct"),
        None,
        "0",
    ),
    Identifier("CpfCode-BR", r"\b\d{3}\.?\d{3}\.?\d{3}-?\d{2}\b", ("cpf", "cadastro de pessoas"), checks.cpf, "0"),
    Identifier("Cnpj-BR", r"\b\d{2}\.?\d{3}\.?\d{3}/?\d{4}-?\d{2}\b", ("cnpj", "cadastro nacional"), checks.cnpj, "0"),
    Identifier("CepCode-BR", r"\b\d{5}-?\d{3}\b", ("cep", "codigo postal"), None, "0"),
    Identifier("ZipCode-US", r"\b(\d{5}(?:-\d{4})?)\b", ("zip code", "zip+4", "zip"), None, "0"),
    Identifier(
        "DriversLicense-US",
        r"\b([A-Z]{0,2}\d{5,14}[A-Z]?)\b",
        ("driver license", "drivers license", "driver's license", "driving license", "dl number", "driverlic"),
        None,
        "0",
    ),
    Identifier("PassportNumber-US", r"\b([A-Z]?\d{8,9})\b", ("passport", "travel document"), None, "0"),
    Identifier("NationalProviderId-US", r"\b[12]\d{9}\b", ("npi", "national provider", "hipaa"), checks.provider, "0"),
    Identifier("DrugEnforcementAgencyNumber-US", r"\b[A-Z][A-Z9]\d{7}\b", ("dea", "drug enforcement"), checks.dea, "0"),
    Identifier(
        "MedicareBeneficiaryNumber-US",
        r"\b[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?"
        r"[AC-HJKMNP-RT-Y]{2}\d{2}\b",
        ("mbi", "medicare beneficiary", "medicare"),
        None,
        "0",
    ),
)  # fmt: skip - a table

MANAGED: Mapping[str, Identifier] = {one.name: one for one in _MANAGED}
"""The managed identifiers, by name."""
_NEAR = 30
_BESIDE = 2
_LONGEST = 64  # characters of what has a check
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_DIGIT = re.compile(r"\d")


class Finder:
    """Finds the data of one identifier in texts."""

    def __init__(self, identifier: Identifier) -> None:
        self.name = identifier.name
        self._shape = re2.compile(identifier.shape, _OPTIONS)
        self._grouped = bool(self._shape.groups)
        self._check = identifier.check
        self._words = (
            re2.compile(r"(?i)\b(?:" + "|".join(map(_variants, identifier.words)) + r")(?:\b|_)", _OPTIONS)
            if (identifier.words)
            else None
        )
        self._needs = identifier.needs
        self._before = re.compile(identifier.before) if identifier.before else None
        self._behind = re.compile(identifier.behind) if identifier.behind else None

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where the data are, ascending, as `[start, end)` of characters."""
        if (self._needs == "0" and not _DIGIT.search(text)) or (
            self._needs not in ("", "0") and self._needs not in text
        ):
            return []
        subject = text.encode() if text.isascii() else text  # places of bytes are places of characters then
        words = None if self._words is None else [match.span() for match in self._words.finditer(subject)]
        if words == []:
            return []
        found = []
        for match in self._shape.finditer(subject):
            whole, span = match.span(), match.span(1 if self._grouped and match.start(1) >= 0 else 0)
            if words is not None and not any(span[0] - _NEAR <= b and a <= span[1] + _NEAR for a, b in words):
                continue
            if self._holds(text, span):
                found.append(span)
            elif self._check is not None:  # what is one may begin inside of what only looks like one
                found += self._inside(text, whole)
        return found

    def _holds(self, text: str, span: tuple[int, int]) -> bool:
        return self._alone(text, *span) and (self._check is None or self._check(text[slice(*span)]))

    def _inside(self, text: str, whole: tuple[int, int]) -> list[tuple[int, int]]:
        """The first that begins within `whole` and holds, if there is one."""
        first, last = whole
        window, at = text[first : last + _LONGEST], 1
        while at < last - first and (match := self._shape.search(window, at)) is not None:
            start, end = match.span()
            if start >= last - first:
                break
            if self._holds(text, (first + start, first + end)):
                return [(first + start, first + end)]
            at = start + 1
        return []

    def _alone(self, text: str, start: int, end: int) -> bool:
        if self._before is not None and self._before.search(text[max(start - _BESIDE, 0) : start]):
            return False
        return self._behind is None or self._behind.match(text[end : end + _BESIDE]) is None


def _variants(word: str) -> str:
    """A keyword with a space also means the one without, with `_` or with `-`, as documented."""
    return re.escape(word).replace(r"\ ", r"[ _-]?")
