"""`run`: the gateway itself."""

import asyncio
import contextlib
import faulthandler
import os
import signal
import sys
from argparse import Namespace
from pathlib import Path
from typing import NoReturn

from blynk_gateway.cli.access import load_of
from blynk_gateway.config import find_config, find_data_dir
from blynk_gateway.config.options import Address
from blynk_gateway.daemon import RESTART, run_gateway
from blynk_gateway.gateway import Gateway
from blynk_gateway.runtime import logs
from blynk_gateway.runtime.descriptors import Descriptors
from blynk_gateway.runtime.lan import lan_host
from blynk_gateway.runtime.sdnotify import ServiceManager

_STANDARD_STREAMS = 3
STDERR = 2


def run(arguments: Namespace) -> int:
    """Run until a signal; see `daemon.run_gateway`.

    Raises:
        ConfigError: the configuration cannot be used.
        GatewayError: the gateway could not start.
    """
    descriptors = Descriptors.handed_over(ServiceManager())
    config = find_config(arguments.config, os.environ)
    options = load_of(arguments, config)
    logs.set_up(options.logging.level)
    # Of a hang that a watchdog ends, the log then tells where each thread was.
    faulthandler.enable(STDERR)
    data_dir = find_data_dir(arguments.data_dir, options, os.environ)
    code = asyncio.run(
        run_gateway(
            options,
            data_dir,
            config=config,
            may_restart=True,
            descriptors=descriptors,
            ready=invite,
        )
    )
    if code == RESTART:
        begin_anew(descriptors)
    return code


async def invite(gateway: Gateway) -> None:
    """While there is no user, print a link that makes the first one; good for this start only.

    Raises:
        HistoryError: the users cannot be read.
    """
    url = gateway.url() or _secure_url(gateway)
    if url is None or await gateway.accounts.users.all():
        return
    link = f"{url}#/setup/{gateway.accounts.setup.begin()}"
    # Whoever reads this output may be gone, which is no reason to end.
    with contextlib.suppress(OSError):
        print(f"There is no user yet. Make the first one, an admin, here, once: {link}", flush=True)


def _secure_url(gateway: Gateway) -> str | None:
    listeners = gateway.options.server.listen_tls
    if not listeners:
        return None
    host, port = listeners[0]
    return f"https://{Address(lan_host(host), port)}/"


def begin_anew(descriptors: Descriptors) -> NoReturn:
    """Become a new process of the same command line, with the same process id.

    Args:
        descriptors: all that it finds open beside the standard streams.

    Raises:
        OSError: the interpreter is not there any more.
    """
    # The configuration is read anyway. Before their handlers stand, these signals would end it.
    for number in (signal.SIGHUP, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  numbers, not paths
        descriptor = int(name)
        if descriptor >= _STANDARD_STREAMS and Path(f"/proc/self/fd/{name}").exists():
            # Libraries in C leave theirs open, and a GPIO line that is held is busy for anyone.
            os.set_inheritable(descriptor, False)
    descriptors.pass_on()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  ourselves
