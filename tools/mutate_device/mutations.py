"""All one-token faults of a module, made on its syntax tree."""

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from types import CodeType

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Add, ast.FloorDiv),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.FloorDiv,),
    ast.LShift: (ast.RShift,),
    ast.RShift: (ast.LShift,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.BitXor: (ast.BitAnd,),
}
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any", "add": "sub", "sub": "add"}


@dataclass(frozen=True, slots=True)
class Mutation:
    """A fault: its line, what it makes of which expression, and the compiled module."""

    line: int
    text: str
    code: CodeType


def mutations(source: str, path: str) -> Iterator[Mutation]:
    """Yield every fault of a module in order of the source."""
    tree = ast.parse(source)
    for node, shown in _nodes(tree, tree):
        for change in _changes(node):
            before = ast.unparse(shown)
            undo = change()
            line = getattr(node, "lineno", 0)
            text = f"{before}  =>  {ast.unparse(shown)}"
            yield Mutation(line, text, compile(tree, path, "exec"))
            undo()


def _nodes(node: ast.AST, shown: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Yield the nodes that make values, each with the expression around it.

    No annotations, imports, messages or assertions: gate and below are ARITH-1's checks, which
    change no value, and whose bounds are the clauses'.
    """
    inner: Iterable[ast.AST] = ast.iter_child_nodes(node)
    match node:
        case ast.Import() | ast.ImportFrom() | ast.JoinedStr():
            return
        case ast.keyword(arg="strict" | "slots") | ast.Call(func=ast.Name(id="Refusal")):
            return
        case ast.FunctionDef(name="gate" | "below"):
            return
        case ast.Call(func=ast.Name(id="gate" | "below" | "require"), args=[value, *_]):
            inner = [value]
        case ast.FunctionDef(body=body) | ast.ClassDef(body=body):
            inner = body
        case ast.AnnAssign(value=value):
            inner = [value] if value is not None else []
        case _:
            yield node, shown if isinstance(shown, ast.expr) else node
    for child in inner:
        yield from _nodes(child, node)


Undo = Callable[[], None]


def _changes(node: ast.AST) -> Iterator[Callable[[], Undo]]:
    if isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            for other in COMPARISONS[type(op)]:
                yield partial(_set_item, node.ops, i, other())
    elif isinstance(node, ast.BinOp | ast.AugAssign):
        for operator in OPERATORS.get(type(node.op), ()):
            yield partial(_set, node, "op", operator())
    elif isinstance(node, ast.BoolOp):
        yield partial(_set, node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        # Twice not keeps the node and takes the negation away.
        yield partial(_set, node, "operand", ast.UnaryOp(ast.Not(), node.operand))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield partial(_set, node, "op", ast.UAdd())
    elif isinstance(node, ast.Name) and node.id in NAMES and isinstance(node.ctx, ast.Load):
        yield partial(_set, node, "id", NAMES[node.id])
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield partial(_set, node, "value", not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield partial(_set, node, "value", node.value + 1)
        yield partial(_set, node, "value", node.value - 1)


def _set(node: ast.AST, field: str, value: object) -> Undo:
    before = getattr(node, field)
    setattr(node, field, value)
    if isinstance(node, ast.UnaryOp):
        ast.fix_missing_locations(node)
    return lambda: setattr(node, field, before)


def _set_item(items: list[ast.cmpop], index: int, value: ast.cmpop) -> Undo:
    before = items[index]
    items[index] = value

    def undo() -> None:
        items[index] = before

    return undo
