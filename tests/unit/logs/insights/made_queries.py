"""Queries made at random from the grammar, and damaged ones. Every name and text of them has MARK in it."""

from random import Random

MARK = "zq"
NAMES = ("zqa", "zq.b", "zq.0.c", "`zq d`", "`zq'; DROP`", "@message", "@timestamp", "@logStream", "`zq{q0:String}`")
TEXTS = ('"zq"', "'zq\\''", '"zq\\\\"', '"zq`{x:String}"', "'zq -- /*'", '"zq\n\t"', '"zq%_"')
REGEXES = ("/zq/", "/(?i)zq[a-z]+/", "/zq(\\d+)|(?<zqg>x)/", "/^zq\\/$/")
GLOBS = ('"zq*=*,"', "'zq [*] $*'")
UNARY = (
    *("abs", "ceil", "floor", "log", "sqrt", "ispresent", "isempty", "isblank", "trim", "ltrim", "rtrim", "strlen"),
    *("toupper", "tolower", "fromMillis", "toMillis", "isValidIp", "isValidIpV4", "isValidIpV6", "jsonParse"),
)
BINARY = ("strcontains", "isIpInSubnet", "isIpv4InSubnet", "isIpv6InSubnet", "coalesce", "concat", "greatest", "least",
          "substr", "trim")  # fmt: skip
AGGREGATES = ("avg", "count", "count_distinct", "max", "min", "stddev", "sum", "earliest", "latest", "sortsFirst",
              "sortsLast", "median")  # fmt: skip
SIGNS = ("=", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "^", "and", "or")
PERIODS = ("5m", "300s", "1h", "2d", "1w", "3mo", "1q", "1y", "250ms")
DAMAGE = (*"|()[]'\"`/\\,=*{};-#\x00\n é", "stats", "by", "as", "in", "like", "not", "SELECT 1", "5m")


class Maker:
    """Makes queries; the same `seed` makes the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def query(self, commands: int = 5) -> str:
        """A query that the grammar allows; it may be without meaning."""
        count = self._random.randint(1, commands)
        return " | ".join(self._command() for _ in range(count))

    def damaged(self) -> str:
        """A query with something cut out or put in."""
        text = list(self.query())
        for _ in range(self._random.randint(1, 4)):
            at = self._random.randrange(len(text) + 1)
            if self._random.random() < 0.5:
                del text[at : at + self._random.randint(1, 9)]
            else:
                text.insert(at, self._pick(DAMAGE))
        return "".join(text)

    def _pick(self, of: tuple[str, ...]) -> str:
        return self._random.choice(of)

    def _expression(self, depth: int = 0) -> str:
        kind = self._random.randint(0, 4 if depth > 2 else 10)
        inner = depth + 1
        match kind:
            case 0 | 1:
                return self._pick(NAMES)
            case 2:
                return self._pick(TEXTS)
            case 3:
                return self._pick(("0", "1", "2.5", "1e9", "-7", "true"))
            case 4:
                return f"bin({self._pick(PERIODS)})"
            case 5 | 6:
                return f"({self._expression(inner)} {self._pick(SIGNS)} {self._expression(inner)})"
            case 7:
                return f"{self._pick(UNARY)}({self._expression(inner)})"
            case 8:
                return f"{self._pick(BINARY)}({self._expression(inner)}, {self._expression(inner)})"
            case 9:
                pattern = self._pick((*REGEXES, *TEXTS))
                return f"({self._expression(inner)} {self._pick(('like', 'not like', '=~'))} {pattern})"
            case _:
                values = ", ".join(self._pick((*TEXTS, "1", "-2.5")) for _ in range(self._random.randint(0, 3)))
                return f"({self._expression(inner)} {self._pick(('in', 'not in'))} [{values}])"

    def _aggregate(self) -> str:
        of = self._expression(1)
        made = self._pick(("count(*)", f"pct({of}, 95)", *(f"{name}({of})" for name in AGGREGATES)))
        return self._pick((made, f"{made} as zq{self._random.randint(0, 3)}", f"{made} * 2 + 1", f"abs({made})"))

    def _command(self) -> str:
        one = self._expression()
        match self._random.randint(0, 11):
            case 0:
                return f"fields {one} as zqx, {self._pick(NAMES)}"
            case 1:
                return f"display {one}, {self._pick(NAMES)}"
            case 2 | 3:
                return f"filter {one}"
            case 4 | 5:
                return f"stats {self._aggregate()}, {self._aggregate()}{self._pick(('', f' by {one}, bin(1h)'))}"
            case 6:
                return f"sort {one}{self._pick(('', ' asc', ' desc'))}, {self._pick(NAMES)} desc"
            case 7:
                return f"limit {self._random.randint(1, 50)}"
            case 8:
                return f"parse {self._pick(NAMES)} {self._pick(GLOBS)} as zqp, zqr"
            case 9:
                return f"parse {self._pick(NAMES)} /zq(?<zqu>\\d+)(?<zqw>.*)/"
            case 10:
                return f"dedup {one}, {self._pick(NAMES)}"
            case _:
                return f"unnest {self._pick(NAMES)} into zqe"
