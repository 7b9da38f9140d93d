"""What the dashboard's scripts make of values, run by node without a browser."""

from pathlib import Path

from tests.helpers.node import run_node_tests


async def test_values_mean_to_widgets_what_they_mean_to_blynk() -> None:
    await run_node_tests(Path(__file__).with_name("displays.test.mjs"))
