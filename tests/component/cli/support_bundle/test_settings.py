from pathlib import Path

from blynk_gateway.cli.support_bundle.settings import configuration
from blynk_gateway.config import load
from tests.component.cli.doctor.conftest import Machine

FILE = """
gateway: {name: Shed, location: {latitude: 48.137, longitude: 11.575}}
mqtt: {enabled: true, host: broker.lan, username: ann, password: hunter2}
devices:
  board: {token: abcdefgh, metadata: {Room: The cellar}}
history: {mirror: {url: "postgresql://ann@db.lan:5432/shed", password: hunter2}}
webhooks:
  chat:
    method: POST
    url: "https://hooks.example.org/services/T000/B000/1234"
    headers: {X-Ours: hunter2}
    query: {a: hunter2}
    form: {b: "{value}, hunter2"}
  plain: {url: "http://10.0.0.7:81/led?to={value}"}
"""


def test_options_are_there_and_nothing_private(machine: Machine, tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(FILE)
    machine.change(config=path, options=load(path, {}))
    text = configuration(machine.case)
    assert text.startswith(f"# {path}\n")
    lines = [line.strip() for line in text.splitlines()]
    for line in (
        f'name: "Shed"  # {path}:2',
        'url: "https://hooks.example.org/***"',
        'url: "http://10.0.0.7:81/***"',
        'url: "postgresql://db.lan:5432/***"',
        'headers: "***"',
        'host: "broker.lan"',
    ):
        assert any(one.startswith(line) for one in lines), line
    for private in ("hunter2", "ann", "48.137", "11.575", "abcdefgh", "B000", "cellar"):
        assert private not in text, private


def test_without_a_file_the_defaults_are_shown(machine: Machine) -> None:
    text = configuration(machine.case)
    assert text.startswith("# no file, the defaults\n")
    assert "location: null" in text
    assert "webhooks: {}" in text


def test_faults_stand_for_a_configuration_that_cannot_be_used(machine: Machine) -> None:
    machine.change(faults=("gateway.yaml:1: x: found y",))
    assert configuration(machine.case) == "gateway.yaml:1: x: found y\n"
