"""Filter expressions of X-Ray, parsed by descent.

    expression = both ("OR" both)*        both = one ("AND"? one)*        one = "!" one | "(" expression ")" | condition

Two conditions beside each other hold both, as in X-Ray (`ok !partial duration < 3`).
"""

from trimtab.base.errors import InvalidInput
from trimtab.traces.filters.keywords import CAUSE_KINDS, CAUSE_PARTS, EQUALITY, KEYWORDS, ORDER, TEXT, Keyword
from trimtab.traces.filters.lexer import END, Token, tokens, wrong
from trimtab.traces.filters.syntax import (
    All,
    Annotation,
    AnyOf,
    Cause,
    CauseJson,
    Compare,
    Context,
    Edge,
    Expression,
    Flag,
    Group,
    Node,
    Not,
    Service,
)

MOST_CHARACTERS = 2000
"""Of an expression, as GetTraceSummaries documents it."""
_DEPTH = 50  # of parentheses and braces
_AND, _OR = "AND", "OR"
_OPERATORS = frozenset((*ORDER, *TEXT))
_ENDS = frozenset((")", "}"))


def parse(text: str) -> Expression | None:
    """The expression; None for one of spaces only. Raises InvalidInput that points at the character."""
    if len(text) > MOST_CHARACTERS:
        raise InvalidInput(f"Invalid filter expression: got {len(text)} characters; expected at most {MOST_CHARACTERS}")
    parser = _Parser(text)
    if parser.now.kind == END:
        return None
    found = parser.expression(Context.TRACE)
    if parser.now.kind != END:
        raise parser.wrong("AND, OR or the end")
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._place = 0
        self._depth = 0

    @property
    def now(self) -> Token:
        return self._tokens[self._place]

    def wrong(self, expected: str, at: int | None = None) -> InvalidInput:
        return wrong(self._text, self.now.at if at is None else at, expected)

    def expression(self, context: Context) -> Expression:
        self._depth += 1
        if self._depth > _DEPTH:
            raise self.wrong(f"at most {_DEPTH} parentheses within each other")
        parts = [self._both(context)]
        while self._word(_OR):
            parts.append(self._both(context))
        self._depth -= 1
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _both(self, context: Context) -> Expression:
        parts = [self._one(context)]
        while True:
            if not self._word(_AND):
                if self.now.kind == END or self.now.text in _ENDS or self.now.text.upper() == _OR:
                    break
                if self.now.kind not in ("word",) and self.now.text not in ("!", "("):
                    raise self.wrong("AND, OR or the end")
            parts.append(self._one(context))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _one(self, context: Context) -> Expression:
        if self._sign("!"):
            return Not(self._one(context))
        if self._sign("("):
            found = self.expression(context)
            self._need(")")
            return found
        if self.now.kind != "word":
            raise self.wrong("a keyword")
        return self._condition(context)

    def _condition(self, context: Context) -> Expression:
        token = self._next()
        name = token.text.lower()
        if name in ("service", "edge") and context is Context.TRACE:
            return self._service(token.at) if name == "service" else self._edge(token.at)
        if name == "annotation" or name.startswith("annotation."):
            if context is Context.CAUSE:
                raise self.wrong("a keyword of root causes", token.at)
            return self._annotation(token)
        if name in ("group.name", "group.arn") and context is Context.TRACE:
            return self._group(token)
        if context is Context.TRACE and (name == "json" or name.startswith("rootcause")):
            return self._cause(token)
        keyword = KEYWORDS.get(name)
        if keyword is None or context not in keyword.contexts:
            known = ", ".join(sorted(key for key, one in KEYWORDS.items() if context in one.contexts))
            extra = "service(), edge(), annotation.key, group.name, rootcause, " if context is Context.TRACE else ""
            raise self.wrong(f"a keyword of a {context}: {extra}{known}", token.at)
        return self._keyword(token, name, keyword)

    def _keyword(self, token: Token, name: str, keyword: Keyword) -> Expression:
        operator = self._operator(keyword.operators, optional=keyword.kind == "boolean")
        if keyword.kind == "boolean":
            wanted = self._boolean() if operator else True
            flag = Flag(name, token.at)
            return flag if wanted == (operator != "!=") else Not(flag)
        value = self._next()
        if value.kind != ("number" if keyword.kind == "number" else "string"):
            what = "a number" if keyword.kind == "number" else 'text in quotation marks: "…"'
            raise self.wrong(what, value.at)
        return Compare(name, operator, value.value, token.at)

    def _service(self, at: int) -> Expression:
        self._need("(")
        node = Node() if self.now.text == ")" else self._node()
        self._need(")")
        return Service(node, self._braces(Context.SERVICE), at)

    def _edge(self, at: int) -> Expression:
        self._need("(")
        source = self._node()
        self._need(",")
        destination = self._node()
        self._need(")")
        return Edge(source, destination, self._braces(Context.EDGE), at)

    def _node(self) -> Node:
        token = self._next()
        if token.kind == "string":
            return Node(name=token.value)
        if token.text.lower() != "id":
            raise self.wrong('a name in quotation marks, or id(name: "…", type: "…")', token.at)
        self._need("(")
        found: dict[str, str] = {}
        while True:
            field = self._next()
            key = {"name": "name", "type": "type", "account.id": "account"}.get(field.text.lower())
            if key is None or key in found:
                raise self.wrong("name:, type: or account.id:, each once", field.at)
            self._need(":")
            value = self._next()
            if value.kind != "string":
                raise self.wrong('text in quotation marks: "…"', value.at)
            found[key] = value.value
            if not self._sign(","):
                break
        self._need(")")
        return Node(**found)

    def _braces(self, context: Context) -> Expression | None:
        if not self._sign("{"):
            return None
        if self._sign("}"):
            return None
        found = self.expression(context)
        self._need("}")
        return found

    def _annotation(self, token: Token) -> Expression:
        key = token.text[len("annotation.") :]
        if not key:
            self._need("[")
            named = self._next()
            if named.kind not in ("word", "string", "number"):
                raise self.wrong("the key of an annotation", named.at)
            key = named.value if named.kind == "string" else named.text
            self._need("]")
        operator = self._operator((*ORDER, *TEXT), optional=True)
        if not operator:
            return Annotation(key, "", True, token.at)
        value = self._next()
        if value.kind == "word" and value.text.lower() in ("true", "false"):
            self._allow(operator, EQUALITY, value)
            return Annotation(key, operator, value.text.lower() == "true", token.at)
        if value.kind not in ("number", "string"):
            raise self.wrong("a number, true, false, or text in quotation marks", value.at)
        self._allow(operator, ORDER if value.kind == "number" else TEXT, value)
        return Annotation(key, operator, value.value, token.at)

    def _allow(self, operator: str, allowed: tuple[str, ...], value: Token) -> None:
        if operator not in allowed:
            raise self.wrong(f"another value: {operator} does not compare this one", value.at)

    def _group(self, token: Token) -> Expression:
        operator = self._operator(EQUALITY, optional=False)
        value = self._next()
        if value.kind != "string":
            raise self.wrong('text in quotation marks: "…"', value.at)
        group = Group(token.text.lower().partition(".")[2], value.value, token.at)
        return group if operator == "=" else Not(group)

    def _cause(self, token: Token) -> Expression:
        parts = token.text.lower().split(".")
        kind = parts[1] if len(parts) > 1 and parts[1] in CAUSE_KINDS else ""
        rest = parts[2:] if kind else parts[1:]
        if rest == ["json"] or parts == ["json"]:
            self._operator(("=",), optional=False)
            value = self._next()
            if value.kind != "json" or not isinstance(value.value, list | dict):
                raise self.wrong("a JSON root cause after #: #[{…}]", value.at)
            return CauseJson(kind, value.value, token.at)
        if not kind or len(rest) > 1 or (rest and rest[0] not in CAUSE_PARTS):
            expected = (
                "rootcause.fault, .error or .responsetime with .service, .entity or .exception; or rootcause.json"
            )
            raise self.wrong(expected, token.at)
        return Cause(kind, rest[0] if rest else "service", self._braces(Context.CAUSE), token.at)

    def _boolean(self) -> bool:
        token = self._next()
        text = (token.value if token.kind == "string" else token.text).lower()
        if text not in ("true", "false"):
            raise self.wrong("true or false", token.at)
        return bool(text == "true")

    def _operator(self, allowed: tuple[str, ...], *, optional: bool) -> str:
        text = self.now.text.upper()
        if self.now.kind in ("word", "sign") and text in _OPERATORS:
            if text not in allowed:
                raise self.wrong(f"one of {' '.join(allowed)}")
            self._next()
            return text
        if optional:
            return ""
        raise self.wrong(f"one of {' '.join(dict.fromkeys(allowed))}")

    def _next(self) -> Token:
        token = self.now
        if token.kind != END:
            self._place += 1
        return token

    def _word(self, text: str) -> bool:
        found = self.now.kind == "word" and self.now.text.upper() == text
        self._place += found
        return found

    def _sign(self, text: str) -> bool:
        found = self.now.kind == "sign" and self.now.text == text
        self._place += found
        return found

    def _need(self, text: str) -> None:
        if not self._sign(text):
            raise self.wrong(text)
