"""The SQL of a data set (`CustomSql`) that has a meaning here: one SELECT of one source.

    SELECT day, service AS what, SUM(effective_cost) AS cost FROM costs WHERE region = 'us-east-1' GROUP BY 1, service

Its expressions are those of datasets, with what SQL writes otherwise turned: quoted names, `COUNT(*)`, `IN (…)`,
`date_trunc`. A SELECT without FROM, or several joined by UNION ALL, is rows of constants: those of row-level
permissions.
"""

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from trimtab.base.errors import InvalidInput
from trimtab.reports.analyses.grouping import field_text

_TOKEN = re.compile(
    r"(?P<space>(?:\s+|--[^\n]*|/\*.*?\*/)+)|(?P<text>'(?:''|[^'])*')|(?P<quoted>\"[^\"]+\"|`[^`]+`)"
    r"|(?P<number>\d+(?:\.\d+)?)|(?P<word>[A-Za-z_][\w.]*)|(?P<sign><>|!=|<=|>=|[=<>+\-*/%(),])|(?P<end>;\s*\Z)",
    re.DOTALL,
)
_FORM = "SELECT … FROM … [WHERE …] [GROUP BY …]"
_CLAUSES = ("from", "where", "group")
_REFUSED = ("with", "join", "having", "order", "limit", "union", "intersect", "except", "case", "over", "distinct")
_PERIODS = {
    "year": "YYYY", "quarter": "Q", "month": "MM", "week": "WK", "day": "DD", "hour": "HH", "minute": "MI",
}  # fmt: skip


class Selected(Struct, frozen=True):
    """What a SELECT gives: of `table` (empty for constants) the expressions by name, in their order."""

    table: str
    take: dict[str, str]
    by: tuple[str, ...] = ()
    where: str = ""
    rows: tuple[dict[str, str], ...] = field(default=())


class _Token(Struct, frozen=True):
    kind: str
    text: str

    def is_word(self, *words: str) -> bool:
        return self.kind == "word" and self.text.lower() in words

    def is_sign(self, sign: str) -> bool:
        return self.kind == "sign" and self.text == sign


def read_select(sql: str) -> Selected:
    """The SELECT. Raises InvalidInput for one that has no meaning here, with the reason."""
    tokens = list(_tokens(sql))
    if not any(one.is_word("from") for one in tokens):
        return _constants(tokens)
    clauses = _clauses(tokens)
    if "from" not in clauses:
        raise _wrong("FROM is within a parenthesis that is not closed")
    table, alias = _table(clauses["from"])
    items = [_item(part, alias or table) for part in _split(clauses["select"])]
    where = _written(clauses["where"], alias or table) if "where" in clauses else ""
    if len(items) == 1 and items[0] == ("*", "*"):
        if "group" in clauses:
            raise _wrong("`*` cannot be grouped")
        return Selected(table, {}, (), where)
    take: dict[str, str] = {}
    for name, expression in items:
        if name in take or name == "*":
            raise _wrong(f"two columns are called {name!r}" if name != "*" else "`*` stands alone")
        take[name] = expression
    return Selected(table, take, _by(clauses.get("group", []), items, alias or table), where)


def _tokens(sql: str) -> Iterator[_Token]:
    at = 0
    while at < len(sql):
        found = _TOKEN.match(sql, at)
        if found is None:
            raise _wrong(f"cannot read {sql[at : at + 20]!r}")
        at = found.end()
        kind = str(found.lastgroup)
        if kind not in ("space", "end"):
            yield _Token(kind, found.group())


def _clauses(tokens: Sequence[_Token]) -> dict[str, list[_Token]]:
    if not tokens or not tokens[0].is_word("select"):
        raise _wrong("expected a SELECT")
    found: dict[str, list[_Token]] = {"select": []}
    now, depth = "select", 0
    for one in tokens[1:]:
        depth += one.is_sign("(") - one.is_sign(")")
        if one.is_word("select"):
            raise _wrong("a SELECT within another has no meaning here")
        if one.is_word(*_REFUSED) and not (one.is_word("distinct") and depth):
            raise _wrong(f"{one.text.upper()} has no meaning here; expected {_FORM}")
        if depth == 0 and one.is_word(*_CLAUSES):
            now = one.text.lower()
            if now in found:
                raise _wrong(f"{now.upper()} comes twice")
            found[now] = []
        elif not (now == "group" and not found[now] and one.is_word("by")):
            found[now].append(one)
    return found


def _table(tokens: Sequence[_Token]) -> tuple[str, str]:
    names = [one for one in tokens if not one.is_word("as")]
    if not 1 <= len(names) <= 2 or any(one.kind not in ("word", "quoted") for one in names):
        raise _wrong("expected one table after FROM")
    table = _plain(names[0]).rpartition(".")[2]
    return table, _plain(names[1]) if len(names) == 2 else ""


def _split(tokens: Sequence[_Token]) -> list[list[_Token]]:
    parts: list[list[_Token]] = [[]]
    depth = 0
    for one in tokens:
        depth += one.is_sign("(") - one.is_sign(")")
        if one.is_sign(",") and depth == 0:
            parts.append([])
        else:
            parts[-1].append(one)
    if any(not part for part in parts):
        raise _wrong("expected an expression between commas")
    return parts


def _item(tokens: Sequence[_Token], table: str) -> tuple[str, str]:
    """(name, expression) of an item of the SELECT."""
    if len(tokens) == 1 and tokens[0].is_sign("*"):
        return "*", "*"
    body, name = list(tokens), ""
    if len(tokens) > 2 and tokens[-2].is_word("as"):
        body, name = list(tokens[:-2]), _plain(tokens[-1])
    elif len(tokens) > 1 and tokens[-1].kind in ("word", "quoted") and not tokens[-2].is_word("and", "or", "not", "is"):
        before = tokens[-2]
        if before.kind in ("word", "quoted", "number", "text") or before.is_sign(")"):
            body, name = list(tokens[:-1]), _plain(tokens[-1])
    if not name and len(body) == 1 and body[0].kind in ("word", "quoted"):
        name = _unqualified(_plain(body[0]), table)
    if not name:
        raise _wrong(f"give {' '.join(one.text for one in tokens)[:80]!r} a name with AS")
    return name, _written(body, table)


def _by(tokens: Sequence[_Token], items: Sequence[tuple[str, str]], table: str) -> tuple[str, ...]:
    if not tokens:
        return ()
    found = []
    for part in _split(tokens):
        if len(part) == 1 and part[0].kind == "number":
            place = int(part[0].text) if part[0].text.isdigit() else 0
            if not 1 <= place <= len(items):
                raise _wrong(f"GROUP BY {part[0].text}: there are {len(items)} columns")
            found.append(items[place - 1][0])
            continue
        written = _written(part, table)
        named = [name for name, expression in items if written in (expression, field_text(name))]
        if not named:
            raise _wrong(f"GROUP BY {written[:80]}: expected a column of the SELECT")
        found.append(named[0])
    return tuple(found)


def _written(tokens: Sequence[_Token], table: str) -> str:
    """Tokens as an expression of datasets."""
    out: list[str] = []
    closing: list[str] = []  # what each open parenthesis ends with
    at = 0
    while at < len(tokens):
        one = tokens[at]
        rest = tokens[at + 1 : at + 4]
        turned = _turned(one, rest)
        if turned is not None:
            written, ending, taken = turned
            out.append(written)
            closing.append(ending)
            at += taken
        else:
            out.append(_one(one, rest, table, closing))
            at += 1
    if closing:
        raise _wrong("a parenthesis is not closed")
    return " ".join(out)


def _turned(one: _Token, rest: Sequence[_Token]) -> tuple[str, str, int] | None:
    """What SQL writes otherwise: what is written for it, what it ends with, and how many tokens it takes."""
    if not rest or not rest[0].is_sign("("):
        return None
    if one.is_word("in"):
        return "in [", "]", 2
    inner = rest[1] if len(rest) > 1 else None
    if one.is_word("count") and inner and inner.is_sign("*"):
        return "count(", ")", 3
    if one.is_word("count") and inner and inner.is_word("distinct"):
        return "distinct_count(", ")", 3
    if one.is_word("date_trunc") and inner and inner.kind == "text":
        unit = inner.text.strip("'").lower()
        if unit not in _PERIODS:
            raise _wrong(f"date_trunc: got {unit!r}; expected one of {', '.join(_PERIODS)}")
        return f"truncDate('{_PERIODS[unit]}'", ")", 3
    return None


def _one(one: _Token, rest: Sequence[_Token], table: str, closing: list[str]) -> str:
    if one.is_sign("("):
        closing.append(")")
        return "("
    if one.is_sign(")"):
        if not closing:
            raise _wrong("a parenthesis closes none")
        return closing.pop()
    if one.kind == "quoted" or (one.kind == "word" and not _is_operator(one) and not _calls(rest)):
        return field_text(_unqualified(_plain(one), table))
    return one.text


def _is_operator(one: _Token) -> bool:
    return one.is_word("and", "or", "not", "null", "is", "in")


def _calls(rest: Sequence[_Token]) -> bool:
    return bool(rest) and rest[0].is_sign("(")


def _plain(one: _Token) -> str:
    return one.text[1:-1] if one.kind in ("quoted", "text") else one.text


def _unqualified(name: str, table: str) -> str:
    return name[len(table) + 1 :] if name.startswith(f"{table}.") else name


def _constants(tokens: Sequence[_Token]) -> Selected:
    """Rows of constants: `SELECT 'ml' AS GroupName, 'vision' AS owner UNION ALL SELECT …`."""
    rows: list[dict[str, str]] = []
    for number, part in enumerate(_unions(tokens)):
        if not part or not part[0].is_word("select"):
            raise _wrong("expected SELECT … FROM a source, or a SELECT of constants, or several joined by UNION ALL")
        row: dict[str, str] = {}
        for at, item in enumerate(_split(part[1:])):
            value = item[0]
            if value.kind not in ("text", "number") and not value.is_word("null"):
                raise _wrong("without FROM only constants can be selected")
            name = _plain(item[-1]) if len(item) > 1 else list(rows[0])[at] if number and at < len(rows[0]) else ""
            if not name:
                raise _wrong("give each constant a name with AS")
            row[name] = "" if value.is_word("null") else _plain(value).replace("''", "'")
        if rows and list(row) != list(rows[0]):
            raise _wrong("every SELECT of a UNION ALL has the same columns")
        rows.append(row)
    return Selected("", {name: name for name in rows[0]}, rows=tuple(rows))


def _unions(tokens: Sequence[_Token]) -> list[list[_Token]]:
    parts: list[list[_Token]] = [[]]
    skip = False
    for one in tokens:
        if one.is_word("union"):
            parts.append([])
            skip = True
        elif not (skip and one.is_word("all")):
            parts[-1].append(one)
            skip = False
    return parts


def _wrong(why: str) -> InvalidInput:
    return InvalidInput(f"cannot use SqlQuery: {why}", field="SqlQuery")
