"""Columns of a file as typed SQL: text, exact amounts, times and maps. No amount passes through a float.

Text becomes `Decimal(38, 18)` (digits beyond the 18th are cut, which cannot change a rounding away from zero at the
12th), is rounded half away from zero to 12 digits, and is NULL where it is no number or does not fit. A Parquet double
becomes its shortest text first.
"""

from collections.abc import Mapping, Sequence

from trimtab.costs.readers.columns import Kind, SourceColumn
from trimtab.store.telemetry.schema_costs import MONEY

NOTHING = ("", "NULL", "null", "Null", "None", "NaN", "nan", "\\N")
"""Texts that say "no value" in CSV exports (the sample data of the FinOps Foundation, and generators, write them)."""

_SCALES_EXACTLY = 2000
"""Below it, a float times 1e12 errs by less than half: 2000e12 < 2^51."""

ZERO = f"CAST('0' AS {MONEY})"
MISSING_TIME = "CAST(NULL AS Nullable(DateTime('UTC')))"
NO_PAIRS = "CAST(map() AS Map(LowCardinality(String), String))"
PAIRS = "Map(LowCardinality(String), String)"
_MONEY_TEXT = r"^\\s*\\(?[-+]?[$€£¥]?[-+]?[0-9]{1,3}(,?[0-9]{3})*(\\.[0-9]*)?\\)?\\s*$"


def quoted(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


_NOTHING_SQL = "(" + ", ".join(quoted(word) for word in NOTHING) + ")"


def text(column: SourceColumn | None, default: str = "") -> str:
    """The column as text, `default` where it says nothing or is not there."""
    if column is None:
        return quoted(default)
    if column.kind is not Kind.TEXT:
        value = f"toString({column.sql})"
        return f"ifNull({value}, {quoted(default)})" if column.nullable else value
    raw = _raw(column)
    if column.engine_type.startswith("LowCardinality"):  # one argument beside constants: worked out once a value
        return replaced(raw, dict.fromkeys(NOTHING, default))
    if not column.nullable:
        return f"if({raw} IN {_NOTHING_SQL}, {quoted(default)}, {raw})"
    return raw if not default else f"if({raw} = '', {quoted(default)}, {raw})"


def replaced(text_: str, words: Mapping[str, str], other: str | None = None) -> str:
    """A text with some of its values replaced, the others kept or `other`.

    Of a low-cardinality column this is worked out once for each of its values, not once a row, and it stays one.
    """
    from_, to = (", ".join(quoted(word) for word in side) for side in (words, words.values()))
    rest = "" if other is None else f", {quoted(other)}"
    return f"transform({text_}, [{from_}], [{to}]{rest})"


def money(column: SourceColumn | None) -> str:
    """The column as `Nullable(Decimal(38, 12))`: 0 where it says nothing, NULL where it cannot be read or overflows."""
    if column is None:
        return ZERO
    if column.kind is Kind.DECIMAL:
        value = column.sql if column.digits <= 12 else f"round({column.sql}, 12)"
        return _or_zero(column, f"accurateCastOrNull({value}, '{MONEY}')")
    if column.kind is Kind.INTEGER:
        return _or_zero(column, f"accurateCastOrNull({column.sql}, '{MONEY}')")
    if column.kind is Kind.FLOAT:
        return _float_money(column)
    raw = _raw(column)
    plain = f"toDecimal128OrNull({raw}, 18)"
    dressed = f"toDecimal128OrNull(replaceRegexpAll({raw}, '[\\\\s$€£¥,()+]', ''), 18)"
    sign = f"if(position({raw}, '(') > 0, -1, 1)"
    clean = f"multiplyDecimal({dressed}, toDecimal128({sign}, 0), 18)"
    return (
        f"multiIf({raw} IN {_NOTHING_SQL}, {ZERO}, isNotNull({plain}), {_rounded(plain)}, "
        f"match({raw}, '{_MONEY_TEXT}'), {_rounded(clean)}, CAST(NULL AS Nullable({MONEY})))"
    )


def _float_money(column: SourceColumn) -> str:
    """A float as its shortest text, by a shorter way where that gives the same.

    A small number with at most 12 digits after the point is found by a multiplication; that it was such a number shows
    in that the decimal, divided again, is that very float.
    """
    sql = f"ifNull({column.sql}, 0)"
    text_way = _rounded(f"toDecimal128OrNull(toString({column.sql}), 18)")
    whole = f"toInt64(round(if(abs({sql}) < {_SCALES_EXACTLY}, {sql}, 0) * 1e12))"
    scaled = f"CAST(reinterpret({whole}, 'Decimal(18, 12)') AS {MONEY})"
    return f"if({whole} / 1e12 = {sql}, {scaled}, {text_way})"


def given(column: SourceColumn | None) -> str:
    """Whether the column says anything."""
    if column is None:
        return "0"
    if column.kind is Kind.TEXT:
        raw = _raw(column)
        return f"({raw} NOT IN {_NOTHING_SQL})"
    return f"isNotNull({column.sql})" if column.nullable else "1"


def beyond(column: SourceColumn | None, rounded: str) -> str:
    """What rounding cut off the amount, as Int64 in units of 1e-30."""
    if column is None or column.kind is Kind.INTEGER:
        return "toInt64(0)"
    if column.kind is Kind.DECIMAL:
        if column.digits <= 12:
            return "toInt64(0)"
        exact = f"toDecimal256OrNull(toString({column.sql}), 30)"
        short = "0"
    elif column.kind is Kind.FLOAT:
        exact = f"toDecimal256OrNull(toString({column.sql}), 30)"
        short = f"ifNull({column.sql}, 0) = toFloat64(ifNull({rounded}, {ZERO}))"  # its text has no more digits
    else:
        exact = f"toDecimal256OrNull({_raw(column)}, 30)"
        short = f"length({_raw(column)}) - position({_raw(column)}, '.') <= 12 AND NOT match({_raw(column)}, '[eE]')"
    left = f"ifNull({exact}, toDecimal256(ifNull({rounded}, {ZERO}), 30)) - toDecimal256(ifNull({rounded}, {ZERO}), 30)"
    return f"if({short}, toInt64(0), toInt64(reinterpretAsInt256({left})))"


def time(column: SourceColumn | None) -> str:
    """The column as `Nullable(DateTime('UTC'))`. Text may be ISO 8601, epoch seconds or American (4/30/25)."""
    if column is None:
        return MISSING_TIME
    if column.kind is Kind.TIME:
        return f"toDateTime({column.sql}, 'UTC')"
    if column.kind is Kind.INTEGER:
        return f"toDateTime({column.sql}, 'UTC')"
    raw = _raw(column)
    return f"parseDateTimeBestEffortUSOrNull({raw}, 'UTC')"


def pairs(column: SourceColumn | None) -> str:
    """The column as a map of text: a map, a list of key/value structs, or text.

    Text is JSON: an object (braces may be missing, as in Azure), or a list of objects with `key` and `value` (Google
    Cloud); or a map as engines print it, `{team=vision, env=prod}`. Other text is no pairs: see `unread`.
    """
    if column is None:
        return NO_PAIRS
    if column.engine_type.startswith("Array"):
        return f"CAST(arrayMap(x -> (ifNull(x.1, ''), ifNull(x.2, '')), {column.sql}) AS {PAIRS})"
    if column.kind is Kind.PAIRS:
        return column.sql if column.engine_type == PAIRS else f"CAST({column.sql} AS {PAIRS})"
    raw = text(column)
    json = f"if(startsWith({raw}, '{{') OR {raw} = '', {raw}, concat('{{', {raw}, '}}'))"
    whole = f"JSONExtractKeysAndValues({json}, 'String')"
    word = "multiIf(JSONHas(x, '{0}'), JSONExtract(x, '{0}', 'String'), JSONExtract(x, '{1}', 'String'))"
    listed = (
        f"arrayMap(x -> ({word.format('key', 'Key')}, {word.format('value', 'Value')}), JSONExtractArrayRaw({raw}))"
    )
    part = "trim(BOTH ' ' FROM substring(x, 1, position(x, '=') - 1)), substring(x, position(x, '=') + 1)"
    printed = f"arrayMap(x -> ({part}), splitByString(', ', substring({raw}, 2, length({raw}) - 2)))"
    found = f"multiIf(startsWith({raw}, '['), {listed}, {_is_printed(raw)}, {printed}, {whole})"
    # Nearly every bill has objects: the rest is worked out for the rows that have none only.
    plain = f"startsWith({raw}, '{{\"') OR {raw} IN ('', '{{}}')"
    others = f"arrayFilter(x -> x.1 != '', {found})"
    return f"CAST(if({plain}, JSONExtractKeysAndValues({raw}, 'String'), {others}) AS {PAIRS})"


def _is_printed(raw: str) -> str:
    """Whether a text is a map as Athena and Hive print one."""
    return f"match({raw}, '^\\\\{{[^\"{{}}=]+=')"


def unread(columns: Sequence[SourceColumn | None]) -> str:
    """The text of the first of `columns` that says something of which `pairs` makes nothing; "" where there is none."""
    arms = []
    for column in columns:
        if column is not None and column.kind is Kind.TEXT:
            raw = text(column)
            nothing = f"{raw} = '' OR {raw} = 'null' OR match({raw}, '^[\\\\[\\\\]{{}}\\\\s]*$')"
            strange = f"NOT ({nothing}) AND empty({pairs(column)})"
            arms.append(f"{strange}, {raw}")
    return f"multiIf({', '.join(arms)}, '')" if arms else ""


def collected(columns: Sequence[tuple[str, SourceColumn]]) -> str:
    """Several columns as one map under the given keys, empty values left out."""
    if not columns:
        return NO_PAIRS
    entries = ", ".join(f"{quoted(key)}, toString({text(column)})" for key, column in columns)
    return f"CAST(mapFilter((k, v) -> v != '', map({entries})) AS {PAIRS})"


def _raw(column: SourceColumn) -> str:
    return f"ifNull({column.sql}, '')" if column.nullable else column.sql


def _rounded(decimal: str) -> str:
    return f"toDecimal128(round({decimal}, 12), 12)"


def _or_zero(column: SourceColumn, value: str) -> str:
    return f"if(isNull({column.sql}), {ZERO}, {value})" if column.nullable else value
