"""What the design asks of the source, as functions from source to breaches.

Each takes what it judges as an argument, so that tests can hand it a bad sample too.
"""

import ast
import logging
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from blynk_gateway.errors import GatewayError

MAX_LINES = 400
"""What one can hold in the head. Raised by a decision record only."""

VAGUE_NAMES = frozenset({"data", "helpers", "manager", "utils"})

TASK_MODULE = "runtime/tasks.py"
STORE_MODULE = "core/store.py"

# The functions of the store in which a value may change: from nothing to empty, and ever after.
VALUE_WRITERS = frozenset({"PinStore.write"})

_LOG_METHODS = frozenset({"critical", "debug", "error", "exception", "info", "log", "warning"})
_LOG_RECORD_KEYS = frozenset(logging.makeLogRecord({}).__dict__) | {"asctime", "message"}
_BARE_NOQA = re.compile(r"#\s*noqa(:\s*[A-Z]+[0-9]+([\s,]+[A-Z]+[0-9]+)*)?\s*$")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def modules(package: Path) -> list[Path]:
    """Every Python file of the package."""
    return sorted(package.rglob("*.py"))


def long_modules(package: Path) -> list[str]:
    """Modules with more than `MAX_LINES` lines."""
    sizes = ((path, len(path.read_text().splitlines())) for path in modules(package))
    return [f"{path.name} has {lines} lines" for path, lines in sizes if lines > MAX_LINES]


def vague_modules(package: Path) -> list[str]:
    """Modules and packages whose name says nothing."""
    names = ((path, path.relative_to(package).with_suffix("").parts) for path in modules(package))
    return [str(path) for path, parts in names if VAGUE_NAMES.intersection(parts)]


def untested_modules(package: Path, tests: Path) -> list[str]:
    """Modules that do something and have no test file of their own.

    `history/journal.py` wants `history/test_journal.py` under `tests/unit` or `tests/component`.
    """
    untested = []
    for path in modules(package):
        module = path.relative_to(package)
        name = module.parent.name if path.stem == "__init__" else path.stem
        folder = module.parent.parent if path.stem == "__init__" else module.parent
        found = (tests / kind / folder / f"test_{name}.py" for kind in ("unit", "component"))
        if _does_something(ast.parse(path.read_text())) and not any(map(Path.exists, found)):
            untested.append(str(module))
    return untested


def bare_tasks(source: str) -> list[str]:
    """Tasks that are started without an owner or without a name.

    A task belongs to a task group, which also names it, or goes through `runtime.tasks`.
    """
    breaches = []
    for call in _calls(source):
        name = _last_name(call.func)
        if name == "ensure_future":
            breaches.append(f"line {call.lineno}: ensure_future leaves the task without an owner")
        if name != "create_task":
            continue
        if _is_loop(call.func):
            breaches.append(f"line {call.lineno}: the task has no owner; use a TaskGroup or spawn")
        elif not any(keyword.arg == "name" for keyword in call.keywords):
            breaches.append(f"line {call.lineno}: the task has no name")
    return breaches


def errors_without_advice(classes: Iterable[type[GatewayError]]) -> list[str]:
    """Error classes that do not say what to do, or whose code is not their own."""
    breaches = []
    owners: dict[str, str] = {}
    for error in classes:
        if error.hint == GatewayError.hint:
            breaches.append(f"{error.__name__} has only the general hint")
        if "code" not in vars(error) or not re.fullmatch(r"[a-z]+(\.[a-z_]+)+", error.code):
            breaches.append(f"{error.__name__} has no code of its own like `pin.unknown`")
        elif owners.setdefault(error.code, error.__name__) != error.__name__:
            breaches.append(f"{error.__name__} has the code of {owners[error.code]}")
    return breaches


def value_writes_in_store(source: str) -> list[str]:
    """Assignments to a stream's value outside the functions that may change it."""
    breaches = []
    for scope, node in _scoped(ast.parse(source)):
        if scope not in VALUE_WRITERS and any(target.attr == "value" for target in _targets(node)):
            breaches.append(f"line {node.lineno}: {scope} changes a value")
    return breaches


def value_writes_elsewhere(source: str) -> list[str]:
    """Ways around the store in any other module: its private names, values of others' objects."""
    breaches = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module == "blynk_gateway.core.store":
            private = [alias.name for alias in node.names if alias.name.startswith("_")]
            breaches += [f"line {node.lineno}: imports {name} of the store" for name in private]
        elif isinstance(node, ast.stmt):
            # gpiozero's devices call the level of their line `value`.
            foreign = [
                t
                for t in _targets(node)
                if t.attr == "value"
                and not _is_self(t.value)
                and _last_name(t.value) not in ("device", "_device")
            ]
            breaches += [f"line {node.lineno}: changes {ast.unparse(one)}" for one in foreign]
    return breaches


def clashing_log_fields(source: str) -> list[str]:
    """Log calls whose `extra` uses a name of the log record itself, which raises when it runs."""
    breaches = []
    for call in _calls(source):
        if not (isinstance(call.func, ast.Attribute) and call.func.attr in _LOG_METHODS):
            continue
        for keyword in call.keywords:
            if keyword.arg == "extra" and isinstance(keyword.value, ast.Dict):
                keys = {key.value for key in keyword.value.keys if isinstance(key, ast.Constant)}
                clashes = sorted(str(key) for key in keys & _LOG_RECORD_KEYS)
                breaches += [f"line {call.lineno}: {key}" for key in clashes]
    return breaches


def bare_noqa(source: str) -> list[str]:
    """Lines that silence the linter without saying which rule and why."""
    lines = enumerate(source.splitlines(), start=1)
    return [f"line {number}: {line.strip()}" for number, line in lines if _BARE_NOQA.search(line)]


def broken_links(page: Path) -> list[str]:
    """Relative links of a Markdown page that lead nowhere."""
    targets = (match.split("#")[0] for match in _LINK.findall(page.read_text()))
    return [
        f"{page.name}: {target}"
        for target in targets
        if target and "://" not in target and not (page.parent / target).exists()
    ]


def _calls(source: str) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _is_loop(function: ast.expr) -> bool:
    """Whether `function` is `create_task` itself, or that of asyncio or of an event loop."""
    if not isinstance(function, ast.Attribute):
        return True
    owner = function.value.func if isinstance(function.value, ast.Call) else function.value
    return _last_name(owner) == "asyncio" or _last_name(owner).lower().endswith("loop")


def _does_something(tree: ast.Module) -> bool:
    functions = (
        one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return any(not _is_declaration(one.body) for one in functions)


def _is_declaration(body: list[ast.stmt]) -> bool:
    return all(isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant) for one in body)


def _scoped(node: ast.AST, scope: str = "") -> Iterator[tuple[str, ast.stmt]]:
    """Every statement below `node` with the dotted name of the function or class around it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield scope or "the module", child
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _scoped(child, f"{scope}.{child.name}".lstrip("."))
        else:
            yield from _scoped(child, scope)


def _targets(node: ast.stmt) -> Iterator[ast.Attribute]:
    """The attributes that an assignment changes."""
    match node:
        case ast.Assign():
            targets = node.targets
        case ast.AugAssign() | ast.AnnAssign():
            targets = [node.target]
        case _:
            return
    for target in targets:
        for part in ast.walk(target):
            if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store):
                yield part


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"
