import json
import os
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest

from blynk_gateway.cli import main
from blynk_gateway.cli.client import ControlClient
from blynk_gateway.cli.doctor import report
from blynk_gateway.cli.doctor.case import Case
from blynk_gateway.cli.doctor.finding import Finding, Level, fault, ok, warning
from blynk_gateway.cli.doctor.report import CHECKS, case_of, examine
from blynk_gateway.cli.failure import NotPermitted
from blynk_gateway.cli.support_bundle.known_secrets import secrets_of
from tests.component.cli.doctor.conftest import Machine
from tests.helpers.control import control_server


def fine(_: Case) -> Iterator[Finding]:
    yield ok("disk", "there is room")


def doubtful(_: Case) -> Iterator[Finding]:
    yield warning("clock", "it is late\x1b[2J", "Go to bed.")


def broken(_: Case) -> Iterator[Finding]:
    yield fault("gpio", "a line is held " + "by somebody " * 10, "Look for it. " * 10)


def check_the_impossible(_: Case) -> Iterator[Finding]:
    yield ok("impossible", "half of it")
    raise PermissionError(13, "Permission denied", "/proc/1/fd")


def run(tmp_path: Path, *options: str) -> int:
    return main(["--data-dir", str(tmp_path / "data"), "doctor", *options])


@pytest.mark.parametrize(
    ("checks", "code", "summary"),
    [
        ((fine,), 0, "No faults."),
        ((fine, doubtful), 0, "1 warning."),
        ((fine, doubtful, broken, broken), 1, "2 faults and 1 warning."),
    ],
)
def test_only_faults_make_it_fail(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    checks: object,
    code: int,
    summary: str,
) -> None:
    monkeypatch.setattr(report, "CHECKS", checks)
    assert run(tmp_path) == code
    assert capsys.readouterr().out.splitlines()[-1] == summary


def test_findings_fit_the_width_and_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "CHECKS", (fine, doubtful, broken))
    assert run(tmp_path) == 1
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[:4] == [
        "ok       disk: there is room",
        r"warning  clock: it is late\x1b[2J",
        "         Go to bed.",
        "fault    gpio: a line is held by somebody by somebody by somebody by somebody by",
    ]


def test_json_has_every_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "CHECKS", (fine, doubtful))
    assert run(tmp_path, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "findings": [
            {"level": "ok", "check": "disk", "text": "there is room", "advice": ""},
            {
                "level": "warning",
                "check": "clock",
                "text": "it is late\x1b[2J",
                "advice": "Go to bed.",
            },
        ]
    }


def test_check_that_may_not_look_says_so_and_the_rest_goes_on(machine: Machine) -> None:
    found = examine(machine.case, (check_the_impossible, fine))
    assert [(one.level, one.check) for one in found] == [
        (Level.OK, "impossible"),
        (Level.WARNING, "the impossible"),
        (Level.OK, "disk"),
    ]
    assert found[1].text == "/proc/1/fd: it could not be looked at (Permission denied)"
    assert "sudo" in found[1].advice


def test_this_machine_is_examined_without_any_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "gateway.yaml"
    config.write_text("server: {listen: ['127.0.0.1:0'], listen_tls: []}\n")
    monkeypatch.setenv("BLYNK_GATEWAY_CONFIG", str(config))
    run(tmp_path, "--json")
    findings = json.loads(capsys.readouterr().out)["findings"]
    names = {one["check"] for one in findings}
    assert {"configuration", "data directory", "disk", "clock", "daemon", "gpio library"} <= names
    assert all(bool(one["advice"]) or one["level"] == "ok" for one in findings)


def test_faulty_configuration_is_a_finding_and_no_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "gateway.yaml"
    config.write_text("bogus: 1\n")
    assert run(tmp_path, "--config", str(config)) == 1
    out = capsys.readouterr().out
    assert "fault    configuration:" in out
    assert "data directory:" in out


def arguments(data_dir: Path) -> Namespace:
    return Namespace(config=None, data_dir=data_dir)


def test_running_daemon_is_known_by_its_socket(tmp_path: Path) -> None:
    assert case_of(arguments(tmp_path / "none")).daemon is None
    assert case_of(arguments(tmp_path / "none")).account.uid == os.geteuid()
    data_dir = tmp_path / "data"
    with control_server(data_dir):
        case = case_of(arguments(data_dir))
    assert case.daemon == os.getpid()
    assert case.account.uid == os.geteuid()
    assert case.data_dir == data_dir


def test_of_a_faulty_file_the_data_are_looked_for_where_the_package_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    config = tmp_path / "gateway.yaml"
    given = Namespace(config=config, data_dir=None)
    config.write_text("bogus: 1\n")
    own = tmp_path / ".local/share/blynk-gateway"
    assert case_of(given, tmp_path).data_dir == own
    installed = tmp_path / "var/lib/blynk-gateway"
    installed.mkdir(parents=True)
    assert case_of(given, tmp_path).data_dir == installed
    config.write_text("")
    assert case_of(given, tmp_path).data_dir == own


def test_secret_that_systemd_keeps_for_the_service_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    config = tmp_path / "gateway.yaml"
    config.write_text("mqtt: {enabled: true, username: u, password: !secret mq}\n")
    given = Namespace(config=config, data_dir=tmp_path)
    assert "no secret" in case_of(given, tmp_path).faults[0]
    credential = tmp_path / "run/credentials/blynk-gateway.service/mq"
    credential.parent.mkdir(parents=True)
    credential.write_text("from-systemd")
    case = case_of(given, tmp_path)
    assert case.faults == ()
    assert list(secrets_of(case.options)) == ["from-systemd"]
    # Who has credentials of their own asks for those.
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert case_of(given, tmp_path).faults


def test_owner_of_the_data_is_taken_for_the_daemons_user(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    assert case_of(arguments(data_dir)).account.uid == data_dir.stat().st_uid


def test_every_check_of_the_package_is_run() -> None:
    package = Path(report.__file__).parent
    names = {
        line.removeprefix("def ").partition("(")[0]
        for path in package.glob("*.py")
        for line in path.read_text().splitlines()
        if line.startswith("def check_")
    }
    assert {check.__name__ for check in CHECKS} == names


def test_daemon_that_does_not_speak_to_us_runs_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: ControlClient) -> bool:
        raise NotPermitted("you may not")

    monkeypatch.setattr(ControlClient, "is_served", property(refuse))
    assert case_of(arguments(tmp_path)).daemon == 0


def test_daemon_that_is_hidden_is_taken_for_the_owner_of_its_data(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with control_server(data_dir):
        case = case_of(arguments(data_dir), root=tmp_path / "without-proc")
    assert (case.daemon, case.account.uid) == (os.getpid(), data_dir.stat().st_uid)
