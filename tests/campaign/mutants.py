"""
Mutants of a module: copies that differ in one operator, number, condition or statement.

What only tells people something is left alone: texts, type hints, docstrings; and so is ``strict=`` of
``zip``, which says of the code that lengths are equal. A mutant is put in place in a process of its own:
functions keep their identity and get other code, so that whoever imported them has the mutant.
"""

from __future__ import annotations

import ast
import sys
import types
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
NAMES = {
    "any": "all",
    "all": "any",
    "min": "max",
    "max": "min",
    "maximum": "minimum",
    "minimum": "maximum",
    "zeros": "ones",
    "ones": "zeros",
}


class Mutant(NamedTuple):
    """A module with one difference: which place it is at, which of its changes, and what that is in words."""

    file: str
    line: int
    place: int
    which: int

    def make(self, source: str) -> tuple[str, ast.Module]:
        """Return what the difference is, and the module."""
        tree = ast.parse(source)
        what = _changes(_places(tree)[self.place])[self.which]()
        return what, ast.fix_missing_locations(tree)


def mutants(file: str, source: str) -> list[Mutant]:
    """Return every mutant of a module."""
    return [
        Mutant(file, node.lineno, place, which)
        for place, node in enumerate(_places(ast.parse(source)))
        for which in range(len(_changes(node)))
    ]


def _places(tree: ast.Module) -> list[Any]:
    return [node for node in _looked_at(tree) if _changes(node)]


def _looked_at(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the nodes whose change is a change of what is done."""
    todo: deque[ast.AST] = deque([tree])
    while todo:
        node = todo.popleft()
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.keyword) and node.arg == "strict"):
            continue
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        yield node
        hints = {id(part) for part in _hints(node)}
        todo.extend(child for child in ast.iter_child_nodes(node) if id(child) not in hints)


def _hints(node: ast.AST) -> Iterator[ast.AST]:
    for name in ("annotation", "returns"):
        if (hint := getattr(node, name, None)) is not None:
            yield hint
    if isinstance(node, ast.FunctionDef):
        yield from node.decorator_list
    if isinstance(node, ast.ClassDef):
        yield from (*node.bases, *node.decorator_list)


def _changes(node: ast.AST) -> list:
    """Return what can be done to a node: functions that do it and say what it was."""
    out: list = []

    def set_to(name: str, value: object, what: str, target: ast.AST = node) -> None:
        def act() -> str:
            setattr(target, name, value)
            return what

        out.append(act)

    def was(other: ast.AST) -> str:
        return ast.unparse(other)[:90]

    match node:
        case ast.Compare(ops=ops):
            for at, op in enumerate(ops):
                if type(op) in OPERATORS:
                    new = [*ops]
                    new[at] = OPERATORS[type(op)]()
                    set_to("ops", new, f"{was(node)}: {type(op).__name__} -> {type(new[at]).__name__}")
        case ast.BinOp(op=op) | ast.BoolOp(op=op) | ast.AugAssign(op=op):
            text = isinstance(node, ast.BinOp) and any(
                isinstance(side, (ast.JoinedStr, ast.Constant))
                and isinstance(getattr(side, "value", ""), str)
                for side in (node.left, node.right)
            )
            if type(op) in OPERATORS and not text:
                new = OPERATORS[type(op)]()
                set_to("op", new, f"{was(node)}: {type(op).__name__} -> {type(new).__name__}")
        case ast.UnaryOp(op=ast.Not() | ast.Invert() | ast.USub()):
            kind = type(node.op).__name__
            if kind == "USub":
                set_to("op", ast.UAdd(), f"{was(node)}: without {kind}")
            else:  # done twice: a plus would be an error where it is no number
                twice = ast.UnaryOp(type(node.op)(), node.operand)
                set_to("operand", twice, f"{was(node)}: without {kind.lower() if kind == 'Not' else kind}")
        case ast.Constant(value=bool() as value):
            set_to("value", not value, f"{value} -> {not value}")
        case ast.Constant(value=int() as value):
            set_to("value", value + 1, f"{value} -> {value + 1}")
        case ast.Constant(value=float() as value):
            set_to("value", value * 2 + 1, f"{value} -> {value * 2 + 1}")
        case ast.If() | ast.While() | ast.IfExp():
            if not _is_text(node):
                set_to("test", ast.UnaryOp(ast.Not(), node.test), f"if {was(node.test)}: turned round")
        case ast.Expr(value=ast.Call()):
            set_to("value", ast.Constant(None), f"{was(node)}: left out")
        case ast.Attribute(attr=name) if name in NAMES:
            set_to("attr", NAMES[name], f"{was(node)} -> {NAMES[name]}")
        case ast.Name(id=name) if name in NAMES and isinstance(node.ctx, ast.Load):
            set_to("id", NAMES[name], f"{name} -> {NAMES[name]}")
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant) and not _text(
            value
        ):
            set_to("value", ast.Constant(None), f"return {was(value)}: returns nothing")
        case ast.Continue():
            pass
    return out


def _text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.IfExp) and (_text(node.body) or _text(node.orelse))


# -- In place -----------------------------------------------------------------------------------------------


def put_in_place(module: types.ModuleType, tree: ast.Module) -> None:
    """Give every function of a module the code of the mutant, and its numbers to whoever imported them."""
    code = compile(tree, module.__file__ or "", "exec")
    fresh = types.ModuleType(module.__name__)
    fresh.__dict__.update({"__file__": module.__file__, "__package__": module.__package__})
    before = sys.modules[module.__name__]
    sys.modules[module.__name__] = fresh
    try:
        exec(code, fresh.__dict__)  # it is our own source, with one difference
    finally:
        sys.modules[module.__name__] = before
    for name, new in vars(fresh).items():
        old = vars(module).get(name)
        if isinstance(old, types.FunctionType) and old.__module__ == module.__name__:
            _replace(old, new)
        elif isinstance(old, type) and old.__module__ == module.__name__:
            for part, mine in vars(new).items():
                _replace(vars(old).get(part), mine)
        elif isinstance(old, (int, float, tuple)) and not isinstance(old, bool) and old != new:
            for other in [*sys.modules.values()]:
                if getattr(other, "__name__", "").startswith("twinmatch") and vars(other).get(name) == old:
                    setattr(other, name, new)


def _replace(old: object, new: object) -> None:
    for inner in ("fget", "__func__"):
        if hasattr(old, inner) and not isinstance(old, types.FunctionType):
            old, new = getattr(old, inner), getattr(new, inner)
    functions = isinstance(old, types.FunctionType) and isinstance(new, types.FunctionType)
    if functions and len(old.__code__.co_freevars) == len(new.__code__.co_freevars):
        old.__code__ = new.__code__
        old.__defaults__, old.__kwdefaults__ = new.__defaults__, new.__kwdefaults__
