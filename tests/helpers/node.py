"""Tests of the dashboard's scripts that need no browser: node runs them."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

WITHIN_S = 30.0


async def run_node_tests(path: Path) -> None:
    """Run a file of `node:test`.

    Raises:
        AssertionError: a test in it failed.
    """
    node = shutil.which("node")
    if node is None:
        if os.environ.get("CI"):
            pytest.fail("node is missing")
        pytest.skip("node is missing; install it: sudo apt install nodejs")
    process = await asyncio.create_subprocess_exec(
        node, "--test", str(path), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(WITHIN_S):
        out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
