"""The changes that mutants make to a module, one each: comparisons, flags, numbers, conditions, statements."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

_OTHER_WAY: Final[dict[type[ast.AST], type[ast.AST]]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
}
_OTHER_NAME: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}
_UNTOUCHED: Final = frozenset({"annotation", "returns", "decorator_list", "type_params"})
"""Parts of a node that do not affect what it does at run time."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change; `make` applies it to the tree in which it was found."""

    line: int
    what: str
    make: Callable[[], None]


def changes(tree: ast.Module) -> list[Change]:
    """Every possible change, always in the same order."""
    return [change for parent in _reached(tree) for change in _of(parent)]


def _reached(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run, without docstrings and log calls."""
    yield node
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and name not in _UNTOUCHED and not _only_says(child):
                yield from _reached(child)


def _only_says(node: ast.AST) -> bool:
    """Whether the node is a docstring or a log call, or a condition of nothing else."""
    if isinstance(node, ast.If):
        return all(map(_only_says, (*node.body, *node.orelse)))
    if not isinstance(node, ast.Expr):
        return False
    call = node.value
    return isinstance(call, ast.Constant) or (
        isinstance(call, ast.Call) and ast.unparse(call.func).startswith(("log.", "logging."))
    )


def _of(node: ast.AST) -> Iterator[Change]:
    yield from _dropped(node)
    changed = _turned(node) or _counted_on(node)
    if changed:
        what, attribute, value = changed
        yield Change(getattr(node, "lineno", 0), what, lambda: setattr(node, attribute, value))


def _turned(node: ast.AST) -> tuple[str, str, object] | None:
    """The change of a comparison, a connective or a condition: its description, the attribute, and the new value."""
    match node:
        case ast.Compare(ops=[first, *others]) if type(first) in _OTHER_WAY:
            other = _OTHER_WAY[type(first)]()
            return f"{_name(first)} becomes {_name(other)}", "ops", [other, *others]
        case ast.BoolOp(op=op) | ast.BinOp(op=op) if type(op) in _OTHER_WAY:
            other = _OTHER_WAY[type(op)]()
            return f"{_name(op)} becomes {_name(other)}", "op", other
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return f"`not` before `{ast.unparse(operand)}` goes", "operand", ast.UnaryOp(ast.Not(), operand)
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            return f"`{ast.unparse(test)}` is turned", "test", ast.UnaryOp(ast.Not(), test)
        case _:
            return None


def _counted_on(node: ast.AST) -> tuple[str, str, object] | None:
    """The change of a flag, a number, or a function that has a counterpart."""
    match node:
        case ast.Constant(value=bool(flag)):
            return f"{flag} becomes {not flag}", "value", not flag
        case ast.Constant(value=int(number) | float(number)):
            return f"{number} becomes {number + 1}", "value", number + 1
        case ast.Name(id=name) if name in _OTHER_NAME:
            return f"{name} becomes {_OTHER_NAME[name]}", "id", _OTHER_NAME[name]
        case _:
            return None


def _dropped(node: ast.AST) -> Iterator[Change]:
    """The removal of each statement that binds no name that later code needs."""
    for name in ("body", "orelse", "finalbody"):
        statements = getattr(node, name, None)
        for index, statement in enumerate(statements if isinstance(statements, list) else ()):
            if _can_be_dropped(statement):
                left = [*(statements or ())]
                left[index] = ast.copy_location(ast.Pass(), statement)
                first_line, _, _ = ast.unparse(statement).partition("\n")
                yield Change(statement.lineno, f"`{first_line}` is dropped", partial(setattr, node, name, left))


def _can_be_dropped(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr():
            return not _only_says(statement)
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]) | ast.Return(value=ast.expr()):
            return True
        case ast.AugAssign() | ast.Raise() | ast.Delete() | ast.Continue() | ast.Break():
            return True
        case _:
            return False


def _name(node: ast.AST) -> str:
    return type(node).__name__
