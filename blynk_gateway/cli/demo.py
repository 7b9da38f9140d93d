"""`demo`: a gateway with two simulated devices, for this machine only."""

import asyncio
import secrets
import shlex
import shutil
import sys
import tempfile
from argparse import Namespace
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import NamedTuple

from blynk_gateway.api.accounts.digests import digest_of
from blynk_gateway.cli.commands import PROGRAM
from blynk_gateway.core.accounts import Role
from blynk_gateway.core.definition import new_token
from blynk_gateway.core.ports import ApiToken
from blynk_gateway.daemon import run_gateway
from blynk_gateway.demo import DEMO_HOST, Home, SimulatedDevice, demo_options, new_home
from blynk_gateway.demo.home import BUTTON_LINE, DIRECT_LINES, moisten
from blynk_gateway.demo.past import tell_past
from blynk_gateway.gateway import Gateway
from blynk_gateway.runtime import logs
from blynk_gateway.runtime.tasks import cancel, spawn

USER = "demo"
API_TOKEN_NAME = "demo"  # noqa: S105  a name

EXIT_BAD_USAGE = 2

_ONLINE_WITHIN_S = 10.0


class Keys(NamedTuple):
    """What lets people and tools in, made anew for each demo."""

    password: str
    api_token: str


def demo(arguments: Namespace) -> int:
    """Run until a signal; without --data-dir nothing is left behind.

    Raises:
        GatewayError: the gateway could not start.
    """
    if arguments.config is not None:
        sys.stderr.write("blynk-gateway: demo has a configuration of its own; omit --config\n")
        return EXIT_BAD_USAGE
    # The terminal is for the welcome; the page of logs shows what else there is.
    logs.set_up("info", shown="warning")
    with ExitStack() as stack:
        data_dir = arguments.data_dir or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="blynk-gateway-demo-"))
        )
        return asyncio.run(_run(new_home(), data_dir))


async def _run(home: Home, data_dir: Path) -> int:
    async with AsyncExitStack() as stack:

        async def ready(gateway: Gateway) -> None:
            tell_past(gateway.store, home.residents, gateway.clock.now_ms())
            moisten(gateway.gpio.simulation)
            devices = [
                SimulatedDevice(one.model, one.token, DEMO_HOST, home.port, gateway.clock)
                for one in home.residents
            ]
            for one, device in zip(home.residents, devices, strict=True):
                task = spawn(device.run(), name=f"demo {one.slug}")
                stack.push_async_callback(cancel, task)
            keys = Keys(await _new_password(gateway), await _new_api_token(gateway))
            async with asyncio.timeout(_ONLINE_WITHIN_S):
                for device in devices:
                    await device.logged_in.wait()
            print(_welcome(gateway, home, keys, data_dir), flush=True)

        return await run_gateway(demo_options(home), data_dir, ready=ready)


async def _new_password(gateway: Gateway) -> str:
    users, password = gateway.accounts.users, secrets.token_hex(6)
    if await users.find(USER) is None:
        await users.add(USER, Role.ADMIN, password)
    else:
        # A kept data directory has the one of the last demo.
        await users.change(USER, role=Role.ADMIN, password=password)
    return password


async def _new_api_token(gateway: Gateway) -> str:
    # A kept data directory has the one of the last demo, whose text nobody knows any more.
    await gateway.api_tokens.remove_api_token(API_TOKEN_NAME)
    token = new_token()
    await gateway.api_tokens.add_api_token(
        ApiToken(API_TOKEN_NAME, Role.ADMIN, digest_of(token), gateway.clock.now_ms())
    )
    return token


def _welcome(gateway: Gateway, home: Home, keys: Keys, data_dir: Path) -> str:
    url = f"http://{DEMO_HOST}:{home.port}"
    greenhouse, workshop = home.residents
    own = gateway.registry.get(gateway.options.gateway.slug).definition
    return f"""\
Blynk Gateway demo. Two simulated devices are connected, and the pins of a
simulated Pi; only this machine can see them. Ctrl-C ends the demo.

  Dashboard   {url}/
  Log in as   {USER}   password {keys.password}
  API token   {keys.api_token}   (admin)
  {greenhouse.name:<11} {greenhouse.token}   (device token)
  {workshop.name:<11} {workshop.token}   (device token)
  {"Pi":<11} {own.token}   (device token)

Try in another terminal:

# the greenhouse's temperature; its fan on
curl {url}/{greenhouse.token}/get/V0
curl "{url}/{greenhouse.token}/update/V3?value=1"

# the workshop's lamp to orange, as with the Blynk IoT cloud
curl -G {url}/external/api/update \\
  -d token={workshop.token} -d V3=255 -d V3=120 -d V3=0

# line 5 of the Pi on, without any code; the button on line {BUTTON_LINE} pressed,
# which switches the LED on line 17 on
curl "{url}/{own.token}/update/D{DIRECT_LINES[0]}?value=1"
curl -X PUT -H "Authorization: Bearer {keys.api_token}" \\
  -H "Content-Type: application/json" -d '{{"level": 0}}' \\
  {url}/api/v1/sim/lines/{BUTTON_LINE}

# all devices, in the gateway's own API
curl -H "Authorization: Bearer {keys.api_token}" \\
  {url}/api/v1/devices

# what happens, live
{_program()} \\
  pin watch --data-dir {shlex.quote(str(data_dir.absolute()))}
"""


def _program() -> str:
    """How another terminal, in another directory, calls this program."""
    if shutil.which(PROGRAM):
        return PROGRAM
    return f"{shlex.quote(sys.executable)} -m blynk_gateway"
