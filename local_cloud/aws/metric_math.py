"""CloudWatch's metric math, as far as it is known here: arithmetic, and FILL with a number.

Source: "Using math expressions with CloudWatch metrics".
"""

import ast
import operator
from collections.abc import Callable, Iterator

ARITHMETIC: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}

Series = dict[int, float]
"""Values by their age in periods."""


class UnknownExpressionError(Exception):
    """It has what is not known here."""


def calculate(expression: str, series: Callable[[str], Series]) -> Series:
    """What it comes to at each age at which one of its series has a value, and none that it needs is missing.

    `series` gives them by their ids. Raises UnknownExpressionError.
    """
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except SyntaxError as error:
        raise UnknownExpressionError(expression) from error
    known = {name: series(name) for name in _names(tree)}
    found: Series = {}
    for age in {age for each in known.values() for age in each}:
        value = _value(tree, {name: each.get(age) for name, each in known.items()})
        if value is not None:
            found[age] = value
    return found


def _names(tree: ast.expr) -> Iterator[str]:
    called = [each.func for each in ast.walk(tree) if isinstance(each, ast.Call)]
    return (each.id for each in ast.walk(tree) if isinstance(each, ast.Name) and each not in called)


def _value(tree: ast.expr, values: dict[str, float | None]) -> float | None:
    """At one age; none where one is missing, or what is divided by is 0."""
    match tree:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = _value(operand, values)
            return None if value is None else -value
        case ast.BinOp(left=left, op=by, right=right) if type(by) in ARITHMETIC:
            first, second = _value(left, values), _value(right, values)
            if first is None or second is None or (isinstance(by, ast.Div) and not second):
                return None
            return ARITHMETIC[type(by)](first, second)
        case ast.Call(func=ast.Name(id="FILL"), args=[ast.Name(id=name), filler]):
            value = values[name]
            return _value(filler, values) if value is None else value
    raise UnknownExpressionError(ast.unparse(tree))
