import json
from pathlib import Path

import pytest

from blynk_gateway.cli import main


def test_a_faulty_configuration_is_78_with_every_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "gateway.yaml"
    config.write_text("bogus: 1\nserver: {listne: []}\n")
    assert main(["check-config", "--config", str(config)]) == 78
    first, second, *_ = capsys.readouterr().err.splitlines()
    assert first.startswith(f"{config}:1: bogus: ")
    assert second.startswith(f"{config}:2: server.listne: ")
    assert main(["device", "list", "--config", str(config)]) == 78
    capsys.readouterr()
    assert main(["check-config", "--json", "--config", str(config)]) == 78
    assert len(json.loads(capsys.readouterr().out)["faults"]) == 2


def test_warnings_go_to_standard_error_and_are_no_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "gateway.yaml"
    config.write_text("gpio:\n  direct: [14]\n")
    warning = (
        f"{config}:2: gpio.direct: warning: found GPIO14, which is UART TXD;"
        " it works as a plain line only without enable_uart=1 in config.txt"
    )
    assert main(["check-config", "--config", str(config)]) == 0
    told = capsys.readouterr()
    assert told.out == f"{config}: no faults, 1 warning\n"
    assert told.err == f"{warning}\n"
    assert main(["check-config", "--print", "--config", str(config)]) == 0
    told = capsys.readouterr()
    assert told.err == f"{warning}\n"
    assert f"direct: [14]  # {config}:2\n" in told.out
    assert main(["check-config", "--json", "--config", str(config)]) == 0
    assert json.loads(capsys.readouterr().out) == {"faults": [], "warnings": [warning]}
    config.write_text("gpio: {direct: [14, 15]}\n")
    assert main(["check-config", "--config", str(config)]) == 0
    assert capsys.readouterr().out == f"{config}: no faults, 2 warnings\n"


def test_peripherals_are_printed_with_every_option_in_force(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "gateway.yaml"
    config.write_text("gpio:\n  peripherals:\n    pump: {type: relay, line: 17, pin: V1}\n")
    assert main(["check-config", "--print", "--config", str(config)]) == 0
    out = capsys.readouterr().out
    assert f"      line: 17  # {config}:3\n" in out
    assert "      on_stop: off  # default\n" in out


def test_check_config_prints_the_options_in_force(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "gateway.yaml"
    config.write_text("gateway:\n  name: Shed\n  token: geheim\n")
    assert main(["check-config", "--config", str(config)]) == 0
    assert capsys.readouterr().out == f"{config}: no faults\n"
    assert main(["check-config", "--print", "--config", str(config)]) == 0
    out = capsys.readouterr().out
    assert f'name: "Shed"  # {config}:2' in out
    assert "geheim" not in out
    assert main(["check-config", "--print", "--json", "--config", str(config)]) == 0
    settings = json.loads(capsys.readouterr().out)["settings"]
    assert {"key": "gateway.name", "value": '"Shed"', "origin": f"{config}:2"} in settings


def test_a_rule_may_name_a_device_that_a_command_has_added(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, data = tmp_path / "gateway.yaml", str(tmp_path / "data")
    arguments = ["--config", str(config), "--data-dir", data]
    rule = "automations: [{name: a, when: {pin: shed/V1, is: on}, then: {delay: 1s}}]\n"
    config.write_text(rule)
    assert main(["check-config", *arguments]) == 78
    assert "found shed/V1, but there is no device shed" in capsys.readouterr().err
    config.write_text("")
    assert main(["device", "add", "Shed", *arguments]) == 0
    config.write_text(rule)
    assert main(["check-config", *arguments]) == 0
    assert main(["device", "list", *arguments]) == 0
    config.write_text(f"data_dir: {data}\n{rule}")
    assert main(["check-config", "--config", str(config)]) == 0
