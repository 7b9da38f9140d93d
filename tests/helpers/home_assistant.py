"""Home Assistant's own schemas and entities, as `make home-assistant` installs them."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-ha/bin/python"
SCRIPT = ROOT / "tests/integration/home_assistant/validate.py"
WITHIN_S = 60.0

IS_INSTALLED = PYTHON.exists()

NOT_RUN = (
    "NOT RUN: {count} tests with Home Assistant's own schemas, as .venv-ha is missing."
    " `make home-assistant` makes it, where there is a Python 3.13."
)


@dataclass(frozen=True)
class Verdict:
    """What Home Assistant makes of what stands on a broker.

    Attributes:
        version: of Home Assistant.
        faults: by topic, those without any left out.
        entities: as `validate.py` says.
    """

    version: str
    faults: dict[str, list[str]]
    entities: list[dict[str, Any]]

    def states(self, id_prefix: str = "") -> dict[str, tuple[str, Any]]:
        """Component and state by name."""
        return {
            one["name"]: (one["component"], one["state"])
            for one in self.entities
            if one["unique_id"].startswith(id_prefix)
        }


async def validate(*brokers: Mapping[str, str]) -> list[Verdict]:
    """Let Home Assistant look at the retained messages of brokers, payload by topic each."""
    process = await asyncio.create_subprocess_exec(
        *(str(PYTHON), str(SCRIPT)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={},
    )
    lines = "".join(json.dumps(broker) + "\n" for broker in brokers)
    try:
        async with asyncio.timeout(WITHIN_S):
            out, err = await process.communicate(lines.encode())
    except BaseException:
        process.kill()
        await process.communicate()
        raise
    assert process.returncode == 0, err.decode()
    return [Verdict(**json.loads(line)) for line in out.decode().splitlines()]
