"""What the dashboard's scripts make of values, run by node without a browser."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

WITHIN_S = 30.0
TESTS = Path(__file__).with_name("displays.test.mjs")


async def test_values_mean_to_widgets_what_they_mean_to_blynk() -> None:
    node = shutil.which("node")
    if node is None:
        if os.environ.get("CI"):
            pytest.fail("node is missing")
        pytest.skip("node is missing; install it: sudo apt install nodejs")
    process = await asyncio.create_subprocess_exec(
        node,
        "--test",
        str(TESTS),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(WITHIN_S):
        out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
