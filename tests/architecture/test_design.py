"""The design as tests: each rule holds for the package, and is proven to see a breach."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import blynk_gateway
from blynk_gateway.errors import GatewayError
from tests.architecture import rules
from tests.helpers.lgpio_fake import fake_lgpio

PACKAGE = Path(blynk_gateway.__file__).parent
TESTS = Path(__file__).parents[1]

Rule = Callable[[str], list[str]]


def breaches(rule: Rule, *, but: str = "") -> list[str]:
    """What a rule finds in all modules of the package but one."""
    return [
        f"{path.relative_to(PACKAGE)}: {breach}"
        for path in rules.modules(PACKAGE)
        if path.relative_to(PACKAGE).as_posix() != but
        for breach in rule(path.read_text())
    ]


def public_errors(root: type[GatewayError] = GatewayError) -> Iterator[type[GatewayError]]:
    """Every error class of the package, `GatewayError` itself left out."""
    for error in root.__subclasses__():
        if error.__module__.startswith("blynk_gateway."):
            yield error
            yield from public_errors(error)


def write(directory: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return directory


def test_no_module_is_longer_than_a_head_can_hold() -> None:
    assert rules.long_modules(PACKAGE) == []


def test_length_rule_sees_one_line_too_many(tmp_path: Path) -> None:
    lines = {"good.py": "x = 1\n" * rules.MAX_LINES, "bad.py": "x = 1\n" * (rules.MAX_LINES + 1)}
    assert rules.long_modules(write(tmp_path, lines)) == ["bad.py has 401 lines"]


def test_every_module_name_says_something() -> None:
    assert rules.vague_modules(PACKAGE) == []


@pytest.mark.parametrize("name", ["utils.py", "core/helpers.py", "manager/__init__.py", "data.py"])
def test_name_rule_sees_vague_names(tmp_path: Path, name: str) -> None:
    package = write(tmp_path, {name: "", "datastream.py": "", "core/value.py": ""})
    assert rules.vague_modules(package) == [str(tmp_path / name)]


def test_every_module_has_its_own_test_file() -> None:
    assert rules.untested_modules(PACKAGE, TESTS) == []


def test_test_file_rule_sees_a_module_without_one(tmp_path: Path) -> None:
    code = "def one() -> int:\n    return 1\n"
    package = write(
        tmp_path / "package",
        {
            "a/tested.py": code,
            "a/connected.py": code,
            "a/forgotten.py": code,
            "a/declared.py": "class Port:\n    def send(self) -> None:\n        '''Send.'''\n",
            "b/__init__.py": code,
        },
    )
    tests = write(
        tmp_path / "tests", {"unit/a/test_tested.py": "", "component/a/test_connected.py": ""}
    )
    assert rules.untested_modules(package, tests) == ["a/forgotten.py", "b/__init__.py"]


def test_every_task_has_a_name_and_an_owner() -> None:
    assert breaches(rules.bare_tasks, but=rules.TASK_MODULE) == []


@pytest.mark.parametrize(
    "code",
    [
        "asyncio.create_task(work(), name='work')",
        "create_task(work(), name='work')",
        "asyncio.ensure_future(work())",
        "loop.create_task(work(), name='work')",
        "self._loop.create_task(work(), name='work')",
        "asyncio.get_running_loop().create_task(work(), name='work')",
        "group.create_task(work())",
    ],
)
def test_task_rule_sees_tasks_without_name_or_owner(code: str) -> None:
    assert len(rules.bare_tasks(code)) == 1


def test_task_rule_allows_a_named_task_of_a_group() -> None:
    assert rules.bare_tasks("group.create_task(work(), name='work')") == []


def test_every_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LG_WD", str(tmp_path))
    with fake_lgpio(monkeypatch):
        for module in pkgutil.walk_packages(blynk_gateway.__path__, "blynk_gateway."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    errors = list(public_errors())
    assert errors
    assert rules.errors_without_advice(errors) == []


def test_error_rule_sees_missing_hints_and_borrowed_codes() -> None:
    class Advised(GatewayError):
        code = "test.advised"
        hint = "Do this."

    class Hintless(GatewayError):
        code = "test.hintless"

    class Codeless(Advised):
        pass

    class Copied(Advised):
        code = "test.advised"

    assert rules.errors_without_advice([Advised, Hintless, Codeless, Copied]) == [
        "Hintless has only the general hint",
        "Codeless has no code of its own like `pin.unknown`",
        "Copied has the code of Advised",
    ]


def test_only_the_store_changes_pin_values() -> None:
    assert breaches(rules.value_writes_elsewhere, but=rules.STORE_MODULE) == []


@pytest.mark.parametrize(
    "code",
    [
        "stream.value = ('1',)",
        "self.store.stream.value = ('1',)",
        "state.at_ms, state.value = 0, ()",
        "stream.value += ('1',)",
        "from blynk_gateway.core.store import PinStore, _settle_sync",
    ],
)
def test_store_rule_sees_ways_around_the_store(code: str) -> None:
    assert len(rules.value_writes_elsewhere(code)) == 1


def test_store_changes_values_in_one_function_only() -> None:
    source = (PACKAGE / rules.STORE_MODULE).read_text()
    assert rules.value_writes_in_store(source) == []
    # The one function is still there under that name, and still does it.
    renamed = source.replace("def write(", "def write_too(")
    assert len(rules.value_writes_in_store(renamed)) == 1


def test_no_log_call_names_a_field_of_the_record() -> None:
    assert breaches(rules.clashing_log_fields) == []


def test_log_rule_sees_a_clash() -> None:
    code = 'log.info("device added", extra={"device": slug, "name": name})'
    assert rules.clashing_log_fields(code) == ["line 1: name"]


def test_every_noqa_names_its_rule_and_its_reason() -> None:
    assert breaches(rules.bare_noqa) == []


@pytest.mark.parametrize("comment", ["noqa", "noqa: S104", "noqa: S104, S105"])
def test_noqa_rule_sees_a_missing_reason(comment: str) -> None:
    assert len(rules.bare_noqa(f'HOST = "0.0.0.0"  # {comment}\n')) == 1
    assert rules.bare_noqa('HOST = "0.0.0.0"  # noqa: S104 - devices are on the LAN\n') == []
