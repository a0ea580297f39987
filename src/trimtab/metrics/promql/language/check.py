"""Types: what a query may combine. Messages as Prometheus words them, so that what people know of it holds here."""

from trimtab.metrics.promql.language.functions import SIGNATURES
from trimtab.metrics.promql.language.syntax import (
    Aggregate,
    Binary,
    Call,
    Card,
    Expression,
    Matcher,
    MatchOp,
    Number,
    Paren,
    Range,
    Selector,
    Subquery,
    Text,
    Type,
    Unary,
)
from trimtab.metrics.promql.language.tokens import COMPARISONS, SET_OPERATORS
from trimtab.metrics.promql.matchers import compiled
from trimtab.metrics.promql.problems import BadQuery

_NAME = "__name__"


def type_of(node: Expression) -> Type:
    """What an expression is."""
    match node:
        case Number():
            return Type.SCALAR
        case Text():
            return Type.STRING
        case Range() | Subquery():
            return Type.MATRIX
        case Paren() | Unary():
            return type_of(node.body)
        case Call():
            return SIGNATURES[node.function].result
        case Binary():
            scalars = type_of(node.left) is Type.SCALAR and type_of(node.right) is Type.SCALAR
            return Type.SCALAR if scalars else Type.VECTOR
        case Selector() | Aggregate():
            return Type.VECTOR


def check(node: Expression, text: str, *, label_only: bool = False) -> Type:
    """The type of `node`, whose parts fit each other. Raises BadQuery. `text` is the query, for positions."""
    match node:
        case Selector():
            _selector(node, text, label_only=label_only)
        case Range():
            check(node.selector, text)
        case Paren():
            check(node.body, text)
        case Unary():
            found = check(node.body, text)
            if found not in (Type.SCALAR, Type.VECTOR):
                message = (
                    f'unary expression only allowed on expressions of type scalar or instant vector, got "{found}"'
                )
                raise BadQuery(message, text, node.start)
        case Subquery():
            found = check(node.body, text)
            if found is not Type.VECTOR:
                shown = {Type.MATRIX: "matrix", Type.VECTOR: "vector"}.get(found, str(found))
                message = f"subquery is only allowed on instant vector, got {shown} instead"
                raise BadQuery(message, text, node.start)
        case Call():
            _call(node, text)
        case Aggregate():
            _aggregate(node, text)
        case Binary():
            _binary(node, text)
        case _:
            pass
    return type_of(node)


def _selector(node: Selector, text: str, *, label_only: bool) -> None:
    for matcher in node.matchers:
        if matcher.op in (MatchOp.REGEX, MatchOp.NOT_REGEX):
            try:
                compiled(matcher.value)
            except ValueError as problem:
                raise BadQuery(f"invalid regular expression {matcher.value!r}: {problem}", text, node.start) from None
    if node.name:
        for matcher in node.matchers[:-1]:
            if matcher.name == _NAME:
                message = f'metric name must not be set twice: "{node.name}" or "{matcher.value}"'
                raise BadQuery(message, text, node.start)
    elif not label_only and all(_matches_empty(matcher) for matcher in node.matchers):
        raise BadQuery("vector selector must contain at least one non-empty matcher", text, node.start)


def _matches_empty(matcher: Matcher) -> bool:
    match matcher.op:
        case MatchOp.EQUAL:
            return not matcher.value
        case MatchOp.NOT_EQUAL:
            return bool(matcher.value)
    found = compiled(matcher.value).fullmatch("") is not None
    return found if matcher.op is MatchOp.REGEX else not found


def _call(node: Call, text: str) -> None:
    signature = SIGNATURES[node.function]
    wanted, given = len(signature.arguments), len(node.arguments)
    name = f'in call to "{node.function}", got {given}'
    if signature.optional == 0 and given != wanted:
        raise BadQuery(f"expected {wanted} argument(s) {name}", text, node.start)
    if signature.optional and given < wanted - 1:
        raise BadQuery(f"expected at least {wanted - 1} argument(s) {name}", text, node.start)
    if signature.optional > 0 and given > wanted - 1 + signature.optional:
        raise BadQuery(f"expected at most {wanted - 1 + signature.optional} argument(s) {name}", text, node.start)
    for number, argument in enumerate(node.arguments):
        expected = signature.arguments[min(number, wanted - 1)]
        label_only = node.function == "info" and number == 1
        if label_only:
            _info_labels(argument, text)
        found = check(argument, text, label_only=label_only)
        if found is not expected:
            message = f'expected type {expected} in call to function "{node.function}", got {found}'
            raise BadQuery(message, text, argument.start)


def _info_labels(node: Expression, text: str) -> None:
    if not isinstance(node, Selector):
        raise BadQuery("expected label selectors only", text, node.start)
    if node.name:
        raise BadQuery("expected label selectors only, got vector selector instead", text, node.start)


def _aggregate(node: Aggregate, text: str) -> None:
    if node.parameter is not None:
        wanted = Type.STRING if node.op == "count_values" else Type.SCALAR
        _expect(node.parameter, wanted, "aggregation parameter", text)
    _expect(node.body, Type.VECTOR, "aggregation expression", text)


def _expect(node: Expression, wanted: Type, where: str, text: str) -> None:
    found = check(node, text)
    if found is not wanted:
        raise BadQuery(f"expected type {wanted} in {where}, got {found}", text, node.start)


def _binary(node: Binary, text: str) -> None:
    left, right = check(node.left, text), check(node.right, text)
    matching = node.matching
    if node.bool_ and node.op not in COMPARISONS:
        raise BadQuery("bool modifier can only be used on comparison operators", text, node.op_start)
    for side, found in ((node.left, left), (node.right, right)):
        if found not in (Type.SCALAR, Type.VECTOR):
            message = "binary expression must contain only scalar and instant vector types"
            raise BadQuery(message, text, side.start)
    if node.op in COMPARISONS and not node.bool_ and left is right is Type.SCALAR:
        raise BadQuery("comparisons between scalars must use BOOL modifier", text, node.op_start)
    if matching.on:
        for label in matching.include:
            if label in matching.labels:
                message = f'label "{label}" must not occur in ON and GROUP clause at once'
                raise BadQuery(message, text, node.op_start)
    if Type.SCALAR in (left, right):
        _with_scalar(node, text)
    elif node.op in SET_OPERATORS:
        _set_operator(node, text)


def _with_scalar(node: Binary, text: str) -> None:
    if node.op in SET_OPERATORS:
        raise BadQuery(f'set operator "{node.op}" not allowed in binary scalar expression', text, node.start)
    if node.matching.labels:
        raise BadQuery("vector matching only allowed between instant vectors", text, node.start)
    if node.matching.fill_left is not None or node.matching.fill_right is not None:
        raise BadQuery("filling in missing series only allowed between instant vectors", text, node.start)


def _set_operator(node: Binary, text: str) -> None:
    if node.matching.card in (Card.MANY_TO_ONE, Card.ONE_TO_MANY):
        raise BadQuery(f'no grouping allowed for "{node.op}" operation', text, node.start)
    if node.matching.fill_left is not None or node.matching.fill_right is not None:
        raise BadQuery("filling in missing series not allowed for set operators", text, node.start)
