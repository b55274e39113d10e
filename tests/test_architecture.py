"""What no type checker sees: which room may import which, and integers only after compilation."""

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import spikeref

PACKAGE = Path(spikeref.__file__).parent
TOOLS = PACKAGE.parent / "tools"

ROOMS = (
    "errors", "device", "storage", "arith", "neurons", "functions", "model", "checkpoint",
    "compiler", "engine", "ops", "trace", "forward", "account", "energy", "evaluate",
    "report", "vectors", "operations", "check", "suite", "cosim", "cli",
)  # fmt: skip
"""A room imports only from itself and from rooms before it."""

INTEGER_ROOMS = (
    "device", "neurons", "functions", "model", "engine", "ops", "trace", "forward", "vectors",
    "operations", "check",
)  # fmt: skip
"""They hold integers and nothing else; products and roundings are arith's."""

LONGEST_MODULE = 300

FLOAT_NAMES = frozenset(
    {
        "float", "complex", "float16", "float32", "float64", "float128", "longdouble", "floating",
        "inexact", "divide", "true_divide", "mean", "average", "std", "var", "median", "quantile",
        "percentile", "sqrt", "cbrt", "expm1", "log1p", "log10", "float_power", "ldexp", "frexp",
        "rint", "linspace",
    }
)  # fmt: skip
"""Names of float types and of functions that give floats, wherever they stand."""

NUMPY_FLOAT_NAMES = frozenset(
    {
        "half", "single", "double", "exp", "log", "log2", "power", "round", "around", "floor",
        "ceil", "trunc", "sin", "cos", "tan", "tanh", "inf", "nan", "pi", "e",
    }
)  # fmt: skip
"""Names that give floats as attributes of numpy or math, and are common words elsewhere."""

PRODUCTS = frozenset(
    {
        "matmul", "dot", "vdot", "inner", "outer", "tensordot", "einsum", "kron", "convolve",
        "correlate", "linalg", "vecdot", "matvec", "vecmat",
    }
)  # fmt: skip

REDUCTIONS = frozenset({"sum", "prod", "cumsum", "cumprod", "nansum", "nanprod"})
UFUNC_REDUCTIONS = frozenset({"reduce", "accumulate", "reduceat"})

PATH_NAMES = ("folder", "path", "parent", "target", "temporary")
"""A `/` whose left operand ends in one of these words joins paths."""


def modules(*rooms: str) -> list[Path]:
    found = [path for room in rooms for path in sorted((PACKAGE / room).rglob("*.py"))]
    return [path for path in found if "__pycache__" not in path.parts]


def room_of(dotted: str) -> str | None:
    """Return the room of `spikeref.room…`, or None for the package's own top modules."""
    parts = dotted.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in ROOMS else None


def imports_of(source: str) -> Iterator[str]:
    """Yield the dotted names that a module imports from spikeref."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (n.name for n in names if n.name.split(".")[0] == "spikeref")
            case ast.ImportFrom(module=str(module), names=names, level=0):
                if module == "spikeref":
                    yield from (f"spikeref.{n.name}" for n in names)
                elif module.startswith("spikeref."):
                    yield module
            case ast.ImportFrom(level=level) if level > 0:
                yield f"spikeref.<relative import in line {node.lineno}>"


def forbidden_imports(source: str, room: str) -> list[str]:
    """Return what the source of a module in `room` imports from later rooms or from the top.

    The package's own top modules (its programming interface, its version) stand between the rooms
    and the command line.
    """
    allowed: tuple[str | None, ...] = ROOMS[: ROOMS.index(room) + 1]
    if room == "cli":
        allowed = (*allowed, None)
    return [name for name in imports_of(source) if room_of(name) not in allowed]


ALL = [PACKAGE / "errors.py", *modules(*(room for room in ROOMS[1:] if room != "device"))]


def named(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", ALL, ids=named)
def test_a_room_imports_only_rooms_before_it(path: Path) -> None:
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert forbidden_imports(path.read_text(encoding="utf-8"), room) == []


def foreign_imports(source: str, depth: int) -> list[str]:
    """Return what a module imports but the standard library and its own package.

    depth: how many folders the module stands below the package, so that a relative import with
    more dots than that and one leaves the package.
    """
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                found += [n.name for n in names]
            case ast.ImportFrom(module=str(module), level=0):
                found.append(module)
            case ast.ImportFrom(level=level) if level > depth + 1:
                found.append(f"{'.' * level}{node.module or ''}")
    return [name for name in found if name.split(".")[0] not in sys.stdlib_module_names]


@pytest.mark.parametrize("path", modules("device"), ids=named)
def test_the_device_imports_the_standard_library_only(path: Path) -> None:
    depth = len(path.relative_to(PACKAGE / "device").parts) - 1
    assert foreign_imports(path.read_text(encoding="utf-8"), depth) == []


def test_the_foreign_import_lint_finds_what_it_looks_for() -> None:
    assert foreign_imports("import numpy as np", 0)
    assert foreign_imports("from spikeref.arith.dot import dot_exact", 0)
    assert foreign_imports("from ..arith.dot import dot_exact", 0)
    assert foreign_imports("from ...errors import UsageError", 1)
    assert not foreign_imports("from .tensor import Tensor", 0)
    assert not foreign_imports("from ..tensor import Tensor\nimport json.decoder", 1)


def test_every_folder_is_a_room() -> None:
    folders = {path.parent.relative_to(PACKAGE).parts[0] for path in PACKAGE.glob("*/*.py")}
    assert folders <= {*ROOMS, "shipped"}, "a package that is no room; shipped holds data"


def name_of(node: ast.expr) -> str:
    """Return the last name of an expression: folder for self._folder and folder / "x" alike."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.BinOp(left=left, op=ast.Div()):
            return name_of(left)
        case ast.Call(func=ast.Name(id="Path")):
            return "path"
        case _:
            return ""


def floats(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield float literals, true divisions, and names of float types and functions."""
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=float() | complex()):
                yield node
            case ast.Constant(value=str(text)) if text in FLOAT_NAMES and "float" in text:
                yield node
            case ast.BinOp(op=ast.Div(), left=left) if not name_of(left).endswith(PATH_NAMES):
                yield node
            case ast.AugAssign(op=ast.Div()):
                yield node
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in FLOAT_NAMES:
                yield node
            case ast.Attribute(value=ast.Name(id="np" | "numpy" | "math"), attr=name) if (
                name in NUMPY_FLOAT_NAMES
            ):
                yield node


def products(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield matrix products other than arith's dot_exact."""
    for node in ast.walk(tree):
        match node:
            case ast.BinOp(op=ast.MatMult()) | ast.AugAssign(op=ast.MatMult()):
                yield node
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in PRODUCTS:
                yield node


def reductions_without_type(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield NumPy reductions whose accumulator type is left to the platform."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=owner, attr=name), keywords=keywords) if (
                name in REDUCTIONS and name_of(owner) != "math"
            ) or (name in UFUNC_REDUCTIONS and is_sum(owner)):
                if not any(keyword.arg == "dtype" for keyword in keywords):
                    yield node


def is_sum(owner: ast.expr) -> bool:
    """Whether the owner of .reduce is a ufunc of numpy that sums; extrema need no type."""
    match owner:
        case ast.Attribute(value=ast.Name(id="np"), attr=ufunc):
            return ufunc not in ("maximum", "minimum", "logical_and", "logical_or")
        case _:
            return False


LINTS = (floats, products, reductions_without_type)


@pytest.mark.parametrize("path", modules(*INTEGER_ROOMS), ids=named)
@pytest.mark.parametrize("lint", LINTS, ids=lambda lint: lint.__name__)
def test_integer_rooms_hold_integers(
    path: Path, lint: Callable[[ast.AST], Iterator[ast.AST]]
) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [f"line {getattr(n, 'lineno', 0)}: {ast.unparse(n)}" for n in lint(tree)]
    assert found == []


@pytest.mark.parametrize(
    ("lint", "source"),
    [
        (floats, "x = 0.5"),
        (floats, "x = a / b"),
        (floats, "x /= b"),
        (floats, "x = a.astype(np.float32)"),
        (floats, "x = np.zeros(3, dtype=float)"),
        (floats, "x = a.astype('float64')"),
        (floats, "x = a.mean()"),
        (floats, "x = np.exp(a)"),
        (products, "x = a @ b"),
        (products, "x @= b"),
        (products, "x = np.dot(a, b)"),
        (products, "x = a.dot(b)"),
        (products, "x = np.einsum('i,i', a, b)"),
        (reductions_without_type, "x = a.sum()"),
        (reductions_without_type, "x = np.sum(a, axis=0)"),
        (reductions_without_type, "x = np.add.reduce(a)"),
        (reductions_without_type, "x = np.cumsum(a)"),
    ],
)
def test_the_lints_find_what_they_look_for(
    lint: Callable[[ast.AST], Iterator[ast.AST]], source: str
) -> None:
    assert list(lint(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "x = folder / NAME", "x = self._folder / 'a' / name", "x = a // b", "x = cos * 2",
        "x = a.sum(dtype=np.int64)", "x = np.add.reduce(a, dtype=np.int16)", "x = dot_exact(a, b)",
        "x = sum(a)", "x = a.max()", "x = math.prod(shape)", "half = x.shape[-1] >> 1",
    ],
)  # fmt: skip
def test_the_lints_pass_integers(source: str) -> None:
    tree = ast.parse(source)
    assert [node for lint in LINTS for node in lint(tree)] == []


def test_the_import_lint_finds_what_it_looks_for() -> None:
    assert forbidden_imports("from spikeref.engine.dense import DENSE", "model")
    assert forbidden_imports("import spikeref.cli", "evaluate")
    assert forbidden_imports("from spikeref import compile", "ops")
    assert forbidden_imports("from .dense import DENSE", "engine")
    assert not forbidden_imports("from spikeref.errors import UsageError", "arith")
    assert not forbidden_imports("from spikeref.model.config import Constants", "model")


@pytest.mark.parametrize(
    "path",
    [p for root in (PACKAGE, TOOLS) for p in sorted(root.rglob("*.py"))],
    ids=lambda p: str(p.relative_to(PACKAGE.parent)),
)
def test_modules_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE
