"""`demo` comes up by itself, is alive, and leaves nothing behind."""

import asyncio
import itertools
import re
import shlex
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.helpers.bench import ENVIRONMENT, eventually
from tests.helpers.patience import PATIENCE_S

SHELL = {"PATH": "/usr/bin:/bin"}
"""Of a user whose virtual environment is not active."""


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory with a short name: a socket's path has a hundred characters at most."""
    with tempfile.TemporaryDirectory(prefix="demo-") as name:
        yield Path(name)


async def test_the_demo_is_alive_and_leaves_nothing_behind(place: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "blynk_gateway", "demo"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**ENVIRONMENT, **SHELL, "TMPDIR": str(place)},
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(20):
            try:
                text = (await process.stdout.readuntil(str(place).encode())).decode()
            except asyncio.IncompleteReadError:
                assert process.stderr is not None
                pytest.fail((await process.stderr.read()).decode())
            text += (await process.stdout.readline()).decode()
        assert max(len(line) for line in text.splitlines() if str(place) not in line) <= 80
        url = found(r"Dashboard +(\S+?)/\n", text)
        api_token = found(r"API token +(\S+)", text)
        greenhouse = found(r"Greenhouse +(\S+)", text)
        workshop = found(r"Workshop +(\S+)", text)
        pi = found(r"Pi +(\S+)", text)
        headers = {"Authorization": f"Bearer {api_token}"}
        async with aiohttp.ClientSession(headers=headers) as session:

            async def get(path: str) -> str:
                async with session.get(url + path) as answer:
                    assert answer.status == 200
                    return await answer.text()

            async def online() -> set[str]:
                async with session.get(f"{url}/api/v1/devices") as answer:
                    devices = (await answer.json())["devices"]
                return {device["slug"] for device in devices if device["online"]}

            assert await role_of(session, url, text) == "admin"
            await eventually(online, {"greenhouse", "workshop", "pi"})
            # The page of logs has something to show, though the terminal has not.
            assert '"device logged in"' in await get("/api/v1/logs")
            assert 0 < float((await get(f"/{greenhouse}/get/V0"))[2:-2]) < 60
            # The relay takes effect in the simulated workshop, which reports its standby power.
            await get(f"/external/api/update?token={workshop}&v2=0")
            await eventually(lambda: get(f"/{workshop}/get/V0"), '["0.4"]')
            # The button on the simulated header of the Pi switches the LED, and a line is driven.

            async def lines() -> list[int]:
                async with session.get(f"{url}/api/v1/sim/lines") as answer:
                    levels = {one["line"]: one["level"] for one in (await answer.json())["lines"]}
                return [levels[line] for line in (5, 17, 27)]

            await get(f"/{pi}/update/D5?value=1")
            headers, body, target = as_curl(found(r"(curl -X PUT (?:.*\\\n)+.*)\n", text))
            assert target == f"{url}/api/v1/sim/lines/27"
            async with session.put(target, data=body, headers=headers) as answer:
                assert answer.status == 200, await answer.text()
            await eventually(lines, [1, 1, 0])
        assert " pi/V1 " in await first_line(text.partition("# what happens, live\n")[2])
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(PATIENCE_S):
            _, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert not any(place.iterdir())  # noqa: ASYNC240  one look at the end


async def role_of(session: aiohttp.ClientSession, url: str, text: str) -> str:
    """The role that the printed login gives."""
    password = found(r"Log in as +demo +password (\S+)\n", text)
    login = {"name": "demo", "password": password}
    async with session.post(f"{url}/api/v1/session", json=login) as answer:
        return str((await answer.json())["user"]["role"])


def as_curl(command: str) -> tuple[dict[str, str], str, str]:
    """Headers, body and URL that a printed command would send."""
    words = shlex.split(command.replace("\\\n", ""))
    # What curl sends with -d unless it is told otherwise.
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    given = [after for word, after in itertools.pairwise(words) if word == "-H"]
    headers |= dict(header.split(": ", 1) for header in given)
    return headers, words[words.index("-d") + 1], words[-1]


async def first_line(command: str) -> str:
    """The first line that a command prints in another terminal, in another directory."""
    process = await asyncio.create_subprocess_exec(
        *("/bin/sh", "-c", f"exec {command}"), stdout=asyncio.subprocess.PIPE, env=SHELL, cwd="/"
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            return (await process.stdout.readline()).decode()
    finally:
        process.kill()
        await process.communicate()


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None, text
    return match[1]
