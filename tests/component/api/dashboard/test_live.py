"""The one connection of the page to the gateway."""

from pathlib import Path

from tests.helpers.node import run_node_tests


async def test_one_connection_brings_everything_to_everybody() -> None:
    await run_node_tests(Path(__file__).with_name("live.test.mjs"))
