"""What a query may say, for those who write one: commands, functions and operators, each with its form and a sentence.

A test holds it against the parser's commands and the functions that there are.
"""

from msgspec import Struct

COLUMNS = (
    "@timestamp", "@message", "@logStream", "@log", "@logGroup", "@ingestionTime", "@severity", "@traceId", "@spanId",
    "@ptr", "@aws.account", "@aws.region", "@requestId", "@type", "@duration", "@billedDuration", "@initDuration",
    "@memorySize", "@maxMemoryUsed",
)  # fmt: skip
"""Fields that need not be discovered."""


class Word(Struct, frozen=True):
    """A word of the language: its name, how it is written, and what it does."""

    name: str
    form: str
    says: str


COMMANDS = (
    Word("fields", "fields a, b * 2 as c", "Shows fields and expressions; several add up."),
    Word("display", "display a, b", "Shows these alone."),
    Word("filter", 'filter level = "error" and ms > 100', "Keeps the events for which the condition holds."),
    Word("filterIndex", 'filterIndex requestId = "…"', "As filter: here nothing has to be indexed."),
    Word("where", "where a = 1", "As filter."),
    Word("stats", "stats count(*) as n, pct(ms, 99) by bin(5m), host", "Aggregates, by the values of keys."),
    Word("sort", "sort n desc, host", "Orders rows; without it the newest come first."),
    Word("order", "order by n desc", "As sort."),
    Word("limit", "limit 20", "At most so many rows; 10,000 without it."),
    Word("head", "head 20", "As limit."),
    Word(
        "parse", 'parse @message "user=*, ms=*" as user, ms', "Takes fields out of a text, by a glob or /(?<name>…)/."
    ),
    Word("dedup", "dedup host, code", "Keeps the first row of each combination."),
    Word("pattern", "pattern @message", "Counts lines by their template."),
    Word("diff", "pattern @message | diff previousDay", "Compares with the range before, or a day, week or month ago."),
    Word("anomaly", "pattern @message | anomaly", "Patterns that are unusual for what came before."),
    Word("unnest", "unnest items into item", "A row for each element of an array."),
    Word("unmask", "unmask card", "Shows what a data protection policy masks, to those who may see it."),
    Word("join", 'join left=l right=r where l.id = r.id (SOURCE "b" | fields id)', "Rows with those of another query."),
    Word("lookup", "lookup hosts name as host OUTPUT owner", "Adds fields of a table that was put, by keys."),
    Word("SOURCE", 'SOURCE "group" START=-3h', "At the beginning: which groups, and when."),
)
AGGREGATES = (
    Word("count", "count(*)", "How many rows, or how many have the field."),
    Word("count_distinct", "count_distinct(x)", "How many different values, exactly."),
    Word("avg", "avg(x)", "The mean."),
    Word("sum", "sum(x)", "The sum."),
    Word("min", "min(x)", "The smallest."),
    Word("max", "max(x)", "The largest."),
    Word("median", "median(x)", "Half are below."),
    Word("pct", "pct(x, 99)", "A percentile, exact and interpolated."),
    Word("percentile", "percentile(x, 99)", "As pct."),
    Word("stddev", "stddev(x)", "The standard deviation of a sample."),
    Word("earliest", "earliest(x)", "The value of the oldest event."),
    Word("latest", "latest(x)", "The value of the newest event."),
    Word("sortsFirst", "sortsFirst(x)", "What sorts first."),
    Word("sortsLast", "sortsLast(x)", "What sorts last."),
)
FUNCTIONS = (
    Word("abs", "abs(x)", "Without the sign."),
    Word("ceil", "ceil(x)", "Rounded up."),
    Word("floor", "floor(x)", "Rounded down."),
    Word("greatest", "greatest(a, b, …)", "The largest of these."),
    Word("least", "least(a, b, …)", "The smallest of these."),
    Word("log", "log(x)", "The natural logarithm."),
    Word("sqrt", "sqrt(x)", "The square root."),
    Word("ispresent", "ispresent(field)", "Whether the event has the field."),
    Word("coalesce", "coalesce(a, b, …)", "The first that is there."),
    Word("isempty", "isempty(text)", "Missing or empty."),
    Word("isblank", "isblank(text)", "Missing, empty or only blanks."),
    Word("concat", "concat(a, b, …)", "Texts one after the other."),
    Word("ltrim", "ltrim(text)", "Without blanks, or given characters, on the left."),
    Word("rtrim", "rtrim(text)", "Without them on the right."),
    Word("trim", "trim(text)", "Without them on both sides."),
    Word("strlen", "strlen(text)", "Its length in characters."),
    Word("toupper", "toupper(text)", "In capitals."),
    Word("tolower", "tolower(text)", "In small letters."),
    Word("substr", "substr(text, 0, 5)", "A part, counted from 0."),
    Word("replace", 'replace(text, "old", "new")', "Every old replaced."),
    Word("strcontains", 'strcontains(text, "part")', "Whether the part is in it."),
    Word("jsonParse", "jsonParse(text)", "A JSON text whose members have paths."),
    Word("jsonStringify", "jsonStringify(x)", "Its JSON text."),
    Word("bin", "bin(5m)", "The time of the event, rounded down to a period."),
    Word("datefloor", "datefloor(@timestamp, 1h)", "A time rounded down."),
    Word("dateceil", "dateceil(@timestamp, 1h)", "A time rounded up."),
    Word("fromMillis", "fromMillis(x)", "A time from milliseconds since 1970."),
    Word("toMillis", "toMillis(@timestamp)", "A time as milliseconds since 1970."),
    Word("now", "now()", "Now, in seconds since 1970."),
    Word("isValidIp", "isValidIp(text)", "Whether it is an address."),
    Word("isValidIpV4", "isValidIpV4(text)", "Whether it is one of version 4."),
    Word("isValidIpV6", "isValidIpV6(text)", "Whether it is one of version 6."),
    Word("isIpInSubnet", 'isIpInSubnet(ip, "10.0.0.0/8")', "Whether an address is in a subnet."),
    Word("isIpv4InSubnet", 'isIpv4InSubnet(ip, "10.0.0.0/8")', "The same for version 4."),
    Word("isIpv6InSubnet", 'isIpv6InSubnet(ip, "fd00::/8")', "The same for version 6."),
)
OPERATORS = (
    Word("and", "a and b", "Both hold."),
    Word("or", "a or b", "One holds."),
    Word("not", "not a", "It does not hold."),
    Word("like", "field like /expression/", "Has the text, or matches the regular expression."),
    Word("in", "field in [1, 2]", "Is one of these, or of the values of a query in parentheses."),
    Word("by", "stats count(*) by key", "What the rows of stats are for."),
    Word("as", "expression as name", "Its name."),
    Word("asc", "sort field asc", "The smallest first."),
    Word("desc", "sort field desc", "The largest first."),
)
EXAMPLES = (
    ("The newest events", "fields @timestamp, @message | sort @timestamp desc | limit 100"),
    ("Errors over time", "filter @message like /(?i)error|exception/ | stats count(*) as errors by bin(5m)"),
    ("Events of each stream", "stats count(*) as events by @logStream | sort events desc | limit 20"),
    ("Slowest requests by path", "stats count(*) as n, pct(ms, 99) as p99 by path | sort p99 desc | limit 20"),
    ("Patterns, new and gone", "pattern @message | diff"),
)
"""Queries to begin with: a name and the text."""
