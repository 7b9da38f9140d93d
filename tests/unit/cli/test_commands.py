import pytest

from blynk_gateway.cli.parser import build_parser
from tests.unit.cli.test_parser import leaves


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
