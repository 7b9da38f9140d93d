"""What `make test-vm` chooses to run."""

import pytest

from tests.vm.inside.main import BOOTS, chosen, name_of
from tests.vm.inside.outcome import Failed, promise_of, refuse_outside
from tests.vm.run import BOOTS as ORDER
from tests.vm.run import boots_for


def names(boot: str, only: str = "") -> list[str]:
    return [name_of(one) for one in chosen(boot, only)]


def test_every_boot_of_the_host_is_one_of_the_guest() -> None:
    assert [name for name, _ in ORDER] == list(BOOTS)


def test_every_scenario_says_its_promise() -> None:
    for boot in BOOTS:
        assert all(promise_of(one).endswith((".", "`.")) for one in chosen(boot, ""))


def test_one_scenario_brings_what_it_needs() -> None:
    assert names("install", "disk-full") == ["install", "everything-together", "disk-full"]
    assert names("upgrade", "upgrade") == ["previous-build", "upgrade"]
    assert names("install", "upgrade") == []


@pytest.mark.parametrize(
    ("only", "boots"),
    [
        ("", ["install", "upgrade", "after-cut"]),
        ("disk-full", ["install"]),
        ("upgrade", ["upgrade"]),
        ("power-cut", ["upgrade", "after-cut"]),
        ("after-power-cut", ["upgrade", "after-cut"]),
        ("nonsense", []),
    ],
)
def test_boots_are_those_that_are_needed(only: str, boots: list[str]) -> None:
    assert [name for name, _ in boots_for(only)] == boots


@pytest.mark.parametrize(
    ("boot", "boots"), [("install", ["install"]), ("upgrade", ["upgrade", "after-cut"])]
)
def test_a_boot_brings_those_with_its_disk(boot: str, boots: list[str]) -> None:
    assert [name for name, _ in boots_for("", boot)] == boots


def test_scenarios_refuse_any_other_machine() -> None:
    with pytest.raises(Failed, match="guest of run-in-vm"):
        refuse_outside()
