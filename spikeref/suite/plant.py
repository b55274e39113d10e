"""Fresh copies of the plain device with one source changed, in memory and under another name."""

import ast
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import spikeref.device

HOME = Path(spikeref.device.__file__).parent
ORIGINAL = "spikeref.device"
COPY = "planted_device"
"""Name of the copy; one exists at a time."""

SKIPPED = ("__main__.py", "suite_files.py")
"""Not loaded: the copy is called, not run."""


@dataclass(frozen=True, slots=True)
class Device:
    """A loaded copy: its `run`, the class of its refusals, the class of its tensors."""

    run: Callable[..., Mapping[str, Any]]
    refusal: type[Exception]
    tensor: Callable[..., Any]


def sources() -> dict[str, str]:
    """Return module file, relative to the package, -> source; in order of name."""
    found = sorted(path.relative_to(HOME).as_posix() for path in HOME.rglob("*.py"))
    return {file: (HOME / file).read_text("utf-8") for file in found if file not in SKIPPED}


def load_changed(file: str, code: CodeType) -> Device:
    """Return a copy of the device in which the module `file` is the given code.

    Modules that do not depend on that one are the originals, so that what they remember stays.
    The copy is found in sys.modules only while it loads.
    """
    changed = _dependents(file)
    try:
        root = _empty("")
        for module in _load_order():
            name = f"{COPY}{module}"
            if module not in changed:
                _put(name, sys.modules[f"{ORIGINAL}{module}"])
                continue
            fresh = _empty(module) if module else root
            exec(code if _file_of(module) == file else _original_code(module), vars(fresh))
        return Device(vars(root)["run"], vars(root)["Refusal"], vars(root)["Tensor"])
    finally:
        for name in [n for n in sys.modules if n == COPY or n.startswith(f"{COPY}.")]:
            del sys.modules[name]


def _empty(module: str) -> ModuleType:
    """Return a new module of the copy that nothing ran in yet."""
    name = f"{COPY}{module}"
    fresh = ModuleType(name)
    if _file_of(module).endswith("__init__.py"):
        fresh.__package__, fresh.__path__ = name, []
    else:
        fresh.__package__ = name.rpartition(".")[0]
    _put(name, fresh)
    return fresh


def original() -> Device:
    """Return the conforming device itself."""
    return Device(spikeref.device.run, spikeref.device.Refusal, spikeref.device.Tensor)


def forget() -> None:
    """Empty the caches of the conforming device, so that the next case computes all it needs."""
    for module in _load_order():
        for item in vars(sys.modules[f"{ORIGINAL}{module}"]).values():
            if hasattr(item, "cache_clear"):
                item.cache_clear()


def _put(name: str, module: ModuleType) -> None:
    sys.modules[name] = module
    parent, _, last = name.rpartition(".")
    # An original package keeps its own modules; a copy gets what stands for them.
    if parent and sys.modules[parent].__name__ == parent:
        setattr(sys.modules[parent], last, module)


@cache
def _file_of(module: str) -> str:
    """Return the file of a dotted module below the package; "" is the package itself."""
    stem = module.removeprefix(".").replace(".", "/")
    plain = f"{stem}.py"
    return plain if (HOME / plain).is_file() else f"{stem}/__init__.py".removeprefix("/")


@cache
def _original_code(module: str) -> CodeType:
    path = HOME / _file_of(module)
    return compile(path.read_text("utf-8"), str(path), "exec")


@cache
def _graph() -> dict[str, frozenset[str]]:
    """Return module -> the modules that it imports, its parent packages not among them."""
    modules = [_module_of(file) for file in sources()]
    return {module: frozenset(_imports(module, set(modules))) for module in modules}


def _module_of(file: str) -> str:
    stem = file.removesuffix(".py").removesuffix("__init__").removesuffix("/")
    return "." + stem.replace("/", ".") if stem else ""


def _imports(module: str, known: set[str]) -> set[str]:
    package = module if _file_of(module).endswith("__init__.py") else module.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse((HOME / _file_of(module)).read_text("utf-8"))):
        if not isinstance(node, ast.ImportFrom) or node.level == 0:
            continue
        base = package
        for _ in range(node.level - 1):
            base = base.rpartition(".")[0]
        target = f"{base}.{node.module}" if node.module else base
        inner = {f"{target}.{alias.name}" for alias in node.names} & known
        found |= inner or {target}
    return found - {""}


@cache
def _load_order() -> tuple[str, ...]:
    """Return all modules, each after those that it imports and after its parent packages."""
    ordered = TopologicalSorter(_graph()).static_order()
    leaves = [module for module in ordered if not _file_of(module).endswith("__init__.py")]
    packages = [module for module in _graph() if _file_of(module).endswith("__init__.py")]
    inner = sorted(set(packages) - {""}, key=len)
    # A module that no operation needs is not loaded with the package.
    for module in leaves:
        import_module(f"{ORIGINAL}{module}")
    return (*_before_use(leaves, inner), "")


def _before_use(leaves: list[str], packages: list[str]) -> list[str]:
    order: list[str] = []
    for module in leaves:
        order += [p for p in packages if module.startswith(f"{p}.") and p not in order]
        order.append(module)
    return order


@cache
def _dependents(file: str) -> frozenset[str]:
    """Return the modules that a change of `file` reaches, the package itself among them."""
    reached = {_module_of(file), ""}
    while True:
        more = {module for module, used in _graph().items() if used & reached} - reached
        if not more:
            # Packages between hold changed modules, so they are copies too.
            return frozenset(reached | {m.rpartition(".")[0] for m in reached if m})
        reached |= more
