"""A bounded run of the fuzzer, and proof that it would find something."""

import random
from pathlib import Path

import pytest
import yaml

from blynk_gateway.config import load
from blynk_gateway.config.credentials import SecretText
from blynk_gateway.config.fault import quoted
from blynk_gateway.config.scope import Scope
from blynk_gateway.config.secret import Secret
from blynk_gateway.errors import ConfigError
from tests.fuzz.fuzz_yaml import Configuration, opened
from tests.fuzz.running import fuzz


def test_mutated_files_break_no_promise() -> None:
    assert fuzz(opened, seed=1, rounds=150) == 150


def test_inputs_are_configurations_with_and_without_faults(tmp_path: Path) -> None:
    target, rng = Configuration(tmp_path), random.Random(2)  # noqa: S311 - repeatable
    faulty = []
    for _ in range(60):
        (path := tmp_path / "one.yaml").write_bytes(target.make_input(rng))
        try:
            load(path, {})
        except ConfigError as error:
            faulty.append(str(error))
    assert 10 < len(faulty) < 58
    # Most are looked at by the schema, as they are YAML.
    assert sum("cannot be read as YAML" in one for one in faulty) < 40


def test_defect_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    # As if nobody had thought of files that are no YAML.
    monkeypatch.setattr("yaml.MarkedYAMLError", KeyError)
    with pytest.raises(AssertionError, match=r"seed 3, round \d+, input"):
        fuzz(opened, seed=3, rounds=200)


@pytest.mark.parametrize("told", ["in a fault", "among the options"])
def test_secret_that_is_shown_is_found(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read = SecretText.read

    def repeat(self: SecretText, node: yaml.Node, key: str, scope: Scope) -> Secret:
        if isinstance(node, yaml.ScalarNode) and not self.rule.pattern.fullmatch(node.value):
            scope.reject(node, key, f"found {quoted(node.value)}, expected {self.rule.expected}")
        return read(self, node, key, scope)

    if told == "in a fault":
        monkeypatch.setattr(SecretText, "read", repeat)
    else:
        monkeypatch.setattr(SecretText, "flow", lambda _, value: quoted(value.reveal()))
    with pytest.raises(AssertionError, match=r"seed 3, round \d+, input") as caught:
        fuzz(opened, seed=3, rounds=600)
    assert "shows" in str(caught.value.__cause__)
