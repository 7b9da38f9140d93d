import argparse
from collections.abc import Iterator

import pytest

from blynk_gateway.cli.parser import MODES, WIDTH, build_parser
from blynk_gateway.core.direct import PinMode

COMMANDS = [
    "run",
    "check-config",
    "demo",
    "device add",
    "device list",
    "device remove",
    "device token",
    "device sketch",
    "device pair",
    "pin get",
    "pin set",
    "pin watch",
    "pin mode",
    "api-token add",
    "api-token list",
    "api-token remove",
    "history",
    "backup",
    "restore",
    "gpio status",
    "gpio config-txt",
    "sensors scan",
    "doctor",
]


def leaves(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    groups = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    if not groups:
        yield parser
    for group in groups:
        for child in group.choices.values():
            yield from leaves(child)


def test_offers_exactly_the_commands_that_work() -> None:
    names = [leaf.prog.removeprefix("blynk-gateway ") for leaf in leaves(build_parser())]
    assert names == COMMANDS


@pytest.mark.parametrize("leaf", list(leaves(build_parser())), ids=lambda leaf: leaf.prog)
def test_every_help_has_an_example_that_parses_and_fits_the_width(
    leaf: argparse.ArgumentParser,
) -> None:
    text = leaf.format_help()
    assert max(map(len, text.splitlines())) <= WIDTH
    _, _, example = text.rpartition("example: ")
    for line in example.strip().splitlines():
        command = line.strip().split(" > ")[0].removeprefix("blynk-gateway ")
        assert build_parser().parse_args(command.split()).handler == leaf.get_default("handler")


@pytest.mark.parametrize(
    "command",
    [
        ["--config", "a", "--data-dir", "b", "device", "list"],
        ["device", "list", "--config", "a", "--data-dir", "b"],
        ["--config", "x", "device", "list", "--config", "a", "--data-dir", "b"],
    ],
)
def test_places_may_stand_before_or_behind_the_command(command: list[str]) -> None:
    arguments = build_parser().parse_args(command)
    assert (str(arguments.config), str(arguments.data_dir)) == ("a", "b")


def test_the_demo_says_that_its_data_goes() -> None:
    demo = next(leaf for leaf in leaves(build_parser()) if leaf.prog.endswith(" demo"))
    text = " ".join(demo.format_help().split())
    assert "removed at the end" in text
    assert "STATE_DIRECTORY" not in text


def test_a_negative_value_is_no_option() -> None:
    arguments = build_parser().parse_args(["pin", "set", "a/V1", "-5", "-0.5"])
    assert arguments.value == ["-5", "-0.5"]


@pytest.mark.parametrize("minutes", ["-1", "1441", "nan", "x"])
def test_pairing_takes_no_other_number_of_minutes(
    minutes: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ending:
        build_parser().parse_args(["device", "pair", f"--minutes={minutes}"])
    assert ending.value.code == 2
    assert "is no number of minutes from 0 to 1440" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["1", "x", "-1s", ""])
def test_an_interval_is_a_duration(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        build_parser().parse_args(["pin", "mode", "a/A0", "in", f"--every={text}"])
    assert ending.value.code == 2
    assert "is no duration such as 500ms, 1s or 5m" in capsys.readouterr().err


def test_modes_are_those_of_the_core() -> None:
    assert set(MODES) == set(PinMode)


def test_a_new_api_token_may_not_do_everything_unless_asked_for() -> None:
    assert build_parser().parse_args(["api-token", "add", "x"]).role == "viewer"
