"""Who may import whom: the contracts hold, and each is proven to see a breach."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")

# The smallest tree that keeps every contract: each third party is imported by its one user.
SKELETON = {
    "__init__.py": "",
    "__main__.py": "import blynk_gateway.cli",
    "cli/__init__.py": "import blynk_gateway.daemon",
    "daemon.py": "import blynk_gateway.gateway",
    "gateway/__init__.py": "import blynk_gateway.api, blynk_gateway.blynk_server",
    "gateway/devices.py": "import blynk_gateway.history",
    "gpio/__init__.py": "import gpiozero",
    "blynk_server/__init__.py": "import blynk_gateway.protocol",
    "blynk_server/certificates.py": "import cryptography",
    "history/__init__.py": "import aiosqlite",
    "api/__init__.py": "import aiohttp, segno",
    "mirror/__init__.py": "import aiohttp, asyncpg",
    "mqtt/__init__.py": "",
    "automations/__init__.py": "",
    "automations/notifications/__init__.py": "import apprise",
    "automations/webhooks/__init__.py": "import aiohttp",
    "upstream/__init__.py": "",
    "upstream/routes/__init__.py": "",
    "upstream/routes/https/__init__.py": "import aiohttp",
    "broker/__init__.py": "import paho",
    "demo/__init__.py": "",
    "config/__init__.py": "import yaml",
    "formats/__init__.py": "",
    "protocol/__init__.py": "import blynk_gateway.errors",
    "runtime/__init__.py": "import asyncio",
    "core/__init__.py": "import asyncio, blynk_gateway.errors",
    "errors.py": "",
}


def lint(directory: Path) -> subprocess.CompletedProcess[str]:
    """Check the package `blynk_gateway` in `directory` against the project's contracts."""
    command = [str(LINT_IMPORTS), "--no-cache", "--config", str(ROOT / "pyproject.toml")]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)


def build(directory: Path, extra: dict[str, str]) -> None:
    for name, code in {**SKELETON, **extra}.items():
        path = directory / "blynk_gateway" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{code}\n")


def test_package_keeps_every_contract() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout


def test_skeleton_keeps_every_contract(tmp_path: Path) -> None:
    build(tmp_path, {})
    result = lint(tmp_path)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("module", "code", "contract"),
    [
        ("core/store.py", "import blynk_gateway.history", "Each part imports only"),
        ("api/routes.py", "import blynk_gateway.blynk_server", "Each part imports only"),
        ("demo/peers.py", "import blynk_gateway.history", "Each part imports only"),
        ("runtime/logs.py", "import blynk_gateway.config", "Each part imports only"),
        ("errors.py", "import blynk_gateway.core", "Each part imports only"),
        ("surprise.py", "", "Each part imports only"),
        ("protocol/frames.py", "import asyncio", "The protocol is sans-IO"),
        ("protocol/frames.py", "from time import monotonic", "The protocol is sans-IO"),
        ("protocol/messages.py", "import blynk_gateway.core", "The protocol is sans-IO"),
        ("core/store.py", "import sqlite3", "The core does no input or output"),
        ("blynk_server/listener.py", "import aiohttp.web", "upstream.routes.https import aiohttp"),
        ("history/copy.py", "import asyncpg", "Only mirror imports asyncpg"),
        ("automations/rules.py", "import blynk_gateway.mqtt", "Each part imports only"),
        ("automations/rules.py", "import apprise", "Only automations.notifications imports"),
        ("mirror/tail.py", "import blynk_gateway.history", "Each part imports only"),
        ("api/journal.py", "import aiosqlite", "Only history imports aiosqlite"),
        ("demo/pins.py", "import gpiozero", "Only gpio imports gpiozero"),
        ("upstream/adapter.py", "import aiohttp", "upstream.routes.https import aiohttp"),
        ("upstream/adapter.py", "import blynk_gateway.mqtt", "Each part imports only"),
        ("broker/connection.py", "import blynk_gateway.mqtt", "Each part imports only"),
        ("mqtt/topics.py", "import paho.mqtt.client", "Only broker imports paho"),
        ("runtime/logs.py", "import yaml", "Only config imports yaml"),
        ("blynk_server/tls.py", "import cryptography.x509", "imports cryptography"),
        ("cli/token.py", "import segno", "Only api imports segno"),
    ],
)
def test_contracts_see_a_breach(tmp_path: Path, module: str, code: str, contract: str) -> None:
    build(tmp_path, {module: code})
    result = lint(tmp_path)
    assert result.returncode == 1
    broken = [line for line in result.stdout.splitlines() if line.endswith("BROKEN")]
    assert any(contract in line for line in broken), result.stdout
