"""What people type and choose in widgets, and in which order it is sent."""

from pathlib import Path

from tests.helpers.node import run_node_tests


async def test_what_people_choose_is_what_is_sent() -> None:
    await run_node_tests(Path(__file__).with_name("inputs.test.mjs"))
