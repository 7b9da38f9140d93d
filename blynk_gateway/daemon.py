"""The life of the daemon as a process: signals, readiness, reload, and its end."""

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from blynk_gateway.config import Options, load
from blynk_gateway.errors import GatewayError
from blynk_gateway.gateway import Gateway
from blynk_gateway.runtime import logs
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.sdnotify import ServiceManager
from blynk_gateway.runtime.tasks import cancel, spawn

log = logging.getLogger(__name__)

STOP_WITHIN_S = 4.5
"""Time for a clean stop; a service manager is promised 5 s."""

SWITCH_INTERVAL_S = 0.001
"""How long a thread keeps the interpreter while the loop waits for it. A ping beside 20,000 writes
a second takes 0.7 ms, with Python's own 5 ms 1.8 ms; writes cost the same (measured)."""


async def run_gateway(
    options: Options,
    data_dir: Path,
    *,
    config: Path | None = None,
    ready: Callable[[Gateway], Awaitable[None]] | None = None,
) -> int:
    """Run the daemon until SIGTERM or SIGINT; SIGHUP loads the configuration again.

    Args:
        config: the file the options came from, None for defaults.
        ready: awaited once when everything serves.

    Returns:
        Exit code: 0 after a signal, 1 if a part of the daemon failed.

    Raises:
        GatewayError: it could not start.
    """
    loop = asyncio.get_running_loop()
    manager = ServiceManager()
    _warn(options)
    gateway = Gateway(options, data_dir)
    stopping = asyncio.Event()
    reload_asked = asyncio.Event()

    def stop() -> None:
        if stopping.is_set():
            log.warning("stopped at once by a second signal")
            os._exit(1)
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    loop.add_signal_handler(signal.SIGHUP, reload_asked.set)
    await asyncio.to_thread(data_dir.mkdir, mode=0o700, parents=True, exist_ok=True)
    await gateway.start()
    helpers = [
        spawn(_reload_on_demand(gateway, config, reload_asked, manager), name="reload"),
    ]
    try:
        tune_interpreter()
        manager.ready(gateway.status)
        log.info(
            "gateway ready",
            extra={"addresses": ", ".join(map(str, gateway.server.addresses)), "data": data_dir},
        )
        if ready is not None:
            await ready(gateway)
        ended = [
            spawn(stopping.wait(), name="stop signal"),
            spawn(gateway.failed(), name="part watch"),
        ]
        await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            await cancel(task)
    finally:
        manager.stopping()
        for task in helpers:
            await cancel(task)
        started = gateway.clock.monotonic()
        try:
            async with asyncio.timeout(STOP_WITHIN_S):
                await gateway.stop()
        except TimeoutError:
            log.error(  # noqa: TRY400  where it hung says nothing
                "stop took too long, the last changes may be lost",
                extra={"limit_s": STOP_WITHIN_S},
            )
        log.info("stopped", extra={"seconds": round(gateway.clock.monotonic() - started, 2)})
    return 0 if stopping.is_set() else 1


async def _reload_on_demand(
    gateway: Gateway, config: Path | None, asked: asyncio.Event, manager: ServiceManager
) -> None:
    while True:
        await asked.wait()
        asked.clear()
        manager.reloading(gateway.clock.monotonic())
        # A task of its own: an error that nobody expected must not end all reloads.
        reloading = spawn(_reload(gateway, config), name="one reload")
        try:
            await asyncio.wait([reloading])
        finally:
            await cancel(reloading)
        manager.ready(gateway.status)


async def _reload(gateway: Gateway, config: Path | None) -> None:
    if config is None:
        log.warning("nothing to reload: no configuration file is in use")
        return
    try:
        options = await asyncio.to_thread(load, config)
        _warn(options)
        await gateway.reload(options)
        logs.set_level(options.logging.level)
        gateway.health.report("configuration", HealthState.OK)
    except GatewayError as error:
        for line in str(error).splitlines():
            log.error("configuration refused", extra={"fault": line})  # noqa: TRY400  says all
        gateway.health.report(
            "configuration",
            HealthState.DEGRADED,
            "the changed file was refused and the old one stays in force;"
            " run `blynk-gateway check-config`",
        )


def _warn(options: Options) -> None:
    for warning in options.warnings:
        log.warning("configuration", extra={"caution": warning})


def tune_interpreter() -> None:
    """Set the interpreter up for a loop that is not to wait, when everything is loaded."""
    # Otherwise whoever decodes history in a thread keeps it for 5 ms each time.
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    # Messages make no reference cycles: looking for some after every 700 of them, through all that
    # was loaded at start, took a seventh of the time of a loaded daemon.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
