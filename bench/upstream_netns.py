"""Cuts the network between two gateways for real, each of them in a network namespace of its own.

python -m bench.upstream_netns [--short 5]

Needs `ip` and `unshare`, and a kernel that lets users have namespaces; nothing outside of these is
touched. While a device below and people on both sides write, the cable is pulled, or one direction
leads nowhere: for some seconds, which nobody should notice, and until the gateway below notices.
In the end nothing may be missing above. The exit code is 1 if anything was not as promised.
"""

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from bench.upstream_faults import judged
from bench.upstream_world import PERIOD_S, Traffic, World, config_above, config_below
from tests.helpers.fault_proxy import FaultProxy
from tests.helpers.processes import GatewayProcess

BELOW, ABOVE = "10.77.0.1", "10.77.0.2"
NAMESPACE = "above"

PAUSE_S = 0.1
NOTICED_S = 40.0
"""Heartbeat and three timeouts are 28 s."""

BACK_S = 90.0
"""Longer than the waits between attempts that failed meanwhile."""

LATE_MS = 60_000
"""What TCP repeats after a short cut is told live, and the kernel waits ever longer with it."""

_INSIDE = "BLYNK_GATEWAY_BENCH_INSIDE"

_IN_ABOVE = ("ip", "-n", NAMESPACE)


class Cut(NamedTuple):
    """Commands that break the network, and mend it."""

    begin: tuple[str, ...]
    end: tuple[str, ...]


def _nowhere(who: tuple[str, ...], target: str) -> Cut:
    route = ("blackhole", f"{target}/32")
    return Cut((*who, "route", "add", *route), (*who, "route", "del", *route))


CUTS: Mapping[str, Cut] = {
    "cable pulled": Cut(
        (*_IN_ABOVE, "link", "set", "wire", "down"), (*_IN_ABOVE, "link", "set", "wire", "up")
    ),
    "nothing gets up": _nowhere(("ip",), ABOVE),
    "nothing comes down": _nowhere(_IN_ABOVE, BELOW),
}


def lay() -> None:
    """Make the other namespace and a cable to it, in namespaces of our own."""
    for command in (
        "mount -t tmpfs none /run",
        f"ip netns add {NAMESPACE}",
        f"ip link add wire type veth peer name wire netns {NAMESPACE}",
        f"ip addr add {BELOW}/24 dev wire",
        f"ip -n {NAMESPACE} addr add {ABOVE}/24 dev wire",
        "ip link set lo up",
        "ip link set wire up",
        f"ip -n {NAMESPACE} link set lo up",
        f"ip -n {NAMESPACE} link set wire up",
    ):
        subprocess.run(command.split(), check=True)


async def cut(the: World, name: str, lasts_s: float | None, tell: Callable[[str], None]) -> None:
    """Break the network while everybody writes; mend it when it was noticed or time is up.

    Args:
        lasts_s: None until it is noticed.

    Raises:
        AssertionError: it is not noticed, or the gateways do not agree in the end.
    """
    async with Traffic(the, PAUSE_S):
        await asyncio.sleep(1)
        _run(CUTS[name].begin)
        began = time.monotonic()
        if lasts_s is not None:
            await asyncio.sleep(lasts_s)
        while lasts_s is None and any(one["status"] == "connected" for one in await the.upstream()):
            if time.monotonic() - began > NOTICED_S:
                raise AssertionError(f"{name}: not noticed in {NOTICED_S} s")
            await asyncio.sleep(PERIOD_S)
        lasted_s = time.monotonic() - began
        _run(CUTS[name].end)
        await asyncio.sleep(1)
    began = time.monotonic()
    await the.settled(BACK_S)
    how = "until noticed" if lasts_s is None else "(short)"
    tell(f"{name:20} {lasted_s:5.1f} s {how:14} agreed {time.monotonic() - began:5.1f} s later")


async def inside(short_s: float) -> int:
    """Run all cuts in the namespaces; returns the exit code."""
    lay()
    root = Path(tempfile.mkdtemp(prefix="blynk-gateway-netns-"))
    print(f"in {root}", flush=True)
    for name in ("below", "above"):
        (root / name).mkdir()
    other = ("ip", "netns", "exec", NAMESPACE)
    above = GatewayProcess(root / "above", config_above(), host=ABOVE, prefix=other)
    config = config_below(above.port, server=f"{ABOVE}:{above.port}")
    below = GatewayProcess(root / "below", config)
    async with above, below:
        # The proxy is not started, and nobody's way leads through it.
        the = World(below, above, FaultProxy(ABOVE, above.port))
        await the.settled()
        for name in CUTS:
            for lasts_s in (short_s, None):
                await cut(the, name, lasts_s, lambda line: print(line, flush=True))
        found = await judged(the, LATE_MS)
    print(found.told())
    for fault in found.faults:
        print(f"  {fault}")
    if not found.faults:
        shutil.rmtree(root)
    return 1 if found.faults else 0


def main() -> int:
    """Enter namespaces of our own, and go on there."""
    parser = argparse.ArgumentParser(description="Cut the network between two gateways.")
    parser.add_argument("--short", type=float, default=5, help="seconds of a short cut (5)")
    options = parser.parse_args()
    if os.environ.get(_INSIDE):
        return asyncio.run(inside(options.short))
    missing = [name for name in ("ip", "unshare") if shutil.which(name) is None]
    if missing:
        sys.exit(f"bench: {' and '.join(missing)} missing: sudo apt install iproute2 util-linux")
    enter = ["unshare", "--user", "--map-root-user", "--net", "--mount"]
    command = [*enter, sys.executable, "-m", "bench.upstream_netns", *sys.argv[1:]]
    return subprocess.run(command, check=False, env={**os.environ, _INSIDE: "1"}).returncode


def _run(command: tuple[str, ...]) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    sys.exit(main())
