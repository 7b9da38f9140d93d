"""The life of the daemon as a process: signals, readiness, reload, and its end."""

import asyncio
import gc
import logging
import os
import signal
import sys
from asyncio import sslproto
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from blynk_gateway.config import Options, load
from blynk_gateway.core.definition import DeviceSource
from blynk_gateway.errors import GatewayError
from blynk_gateway.gateway import Gateway
from blynk_gateway.runtime.descriptors import Descriptors
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.log_level import change_level, toggle_debug
from blynk_gateway.runtime.memory import give_back_after_collections, share_one_heap
from blynk_gateway.runtime.pulse import BEAT_S
from blynk_gateway.runtime.sdnotify import ServiceManager
from blynk_gateway.runtime.tasks import cancel, spawn

log = logging.getLogger(__name__)

RESTART: Final = -1
"""What `run_gateway` returns in place of an exit code where the process is to begin anew."""

STOP_WITHIN_S = 4.5
"""Time for a clean stop; a service manager is promised 5 s."""

BEATS_OF_WATCHDOG: Final = 3
"""How often we say that nothing hangs in the time after which the service manager ends us."""

SWITCH_INTERVAL_S = 0.001
"""How long a thread keeps the interpreter while the loop waits for it. A ping beside 20,000 writes
a second takes 0.7 ms, with Python's own 5 ms 1.8 ms; writes cost the same (measured)."""


TLS_BUFFER_BYTES = 32 * 1024
"""What asyncio keeps for each TLS connection, by itself 256 KiB: a gateway with 150 of them took
141 MiB instead of 82 (measured). A record of TLS has 16 KiB at most."""


class ReloadFailed(GatewayError):
    """A reload ended by a fault that nobody expected."""

    code = "gateway.reload_failed"
    hint = "Look into the log for its traceback, and restart the gateway."


class Reloads:
    """Loads the configuration again, one time after another.

    Args:
        config: the file, None where there is none.
    """

    def __init__(self, config: Path | None, manager: ServiceManager) -> None:
        self._config = config
        self._manager = manager
        self._asked = asyncio.Event()
        self._waiting: list[asyncio.Future[GatewayError | None]] = []

    def ask(self) -> None:
        """Have it loaded; what is wrong with it goes to the log."""
        self._asked.set()

    async def reload(self) -> None:
        """Have it loaded, and return when it is in force.

        Raises:
            ConfigError: it is faulty; the old one stays in force.
            GatewayError: it could not be applied.
        """
        loaded: asyncio.Future[GatewayError | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(loaded)
        self.ask()
        if (error := await loaded) is not None:
            raise error

    async def run(self, gateway: Gateway) -> None:
        """Do what is asked, until cancelled."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            waiting, self._waiting = self._waiting, []
            self._manager.reloading(gateway.clock.monotonic())
            # A task of its own: an error that nobody expected must not end all reloads.
            reloading = spawn(_reload(gateway, self._config), name="one reload")
            try:
                await asyncio.wait([reloading])
            finally:
                await cancel(reloading)
            self._manager.ready(gateway.status.line())
            for loaded in waiting:
                # Whoever waited may have gone: a reload can end the connection that asked for it.
                if not loaded.done():
                    loaded.set_result(_outcome(reloading))


class Ending:
    """How and when the process is to end."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.is_restart = False

    def stop(self) -> None:
        """End; at once if that was asked before."""
        if self.asked.is_set() and not self.is_restart:
            log.warning("stopped at once by a second signal")
            os._exit(1)
        self.is_restart = False
        self.asked.set()

    def restart(self) -> None:
        """End, to begin anew. A signal to stop goes before it."""
        if not self.asked.is_set():
            log.info("restart asked for")
            self.is_restart = True
            self.asked.set()


async def run_gateway(
    options: Options,
    data_dir: Path,
    *,
    config: Path | None = None,
    may_restart: bool = False,
    descriptors: Descriptors | None = None,
    ready: Callable[[Gateway], Awaitable[None]] | None = None,
) -> int:
    """Run the daemon until SIGTERM or SIGINT.

    SIGHUP loads the configuration again; SIGUSR1 logs everything, until the next one or a reload.

    Args:
        config: the file the options came from, None for defaults.
        may_restart: whether the caller begins anew when this returns `RESTART`.
        descriptors: what is to outlive the process; None for nothing.
        ready: awaited once when everything serves.

    Returns:
        Exit code: 0 after a signal, 1 if a part of the daemon failed; or `RESTART`.

    Raises:
        GatewayError: it could not start.
    """
    share_one_heap()
    loop = asyncio.get_running_loop()
    manager = ServiceManager()
    _warn(options)
    ending = Ending()
    reloads = Reloads(config, manager)

    async def restart() -> None:
        # With a faulty file it would not come back, and no service manager starts it again.
        await _load(gateway, config)
        ending.restart()

    gateway = Gateway(
        options,
        data_dir,
        config=config,
        reload=None if config is None else reloads.reload,
        restart=restart if may_restart else None,
        descriptors=descriptors,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.stop)
    loop.add_signal_handler(signal.SIGHUP, reloads.ask)
    loop.add_signal_handler(signal.SIGUSR1, lambda: toggle_debug(gateway.options.logging.level))
    _report(gateway, manager)
    async with manager.patience():
        await asyncio.to_thread(data_dir.mkdir, mode=0o700, parents=True, exist_ok=True)
        await gateway.start()
    helpers = [spawn(reloads.run(gateway), name="reload")]
    try:
        tune_interpreter()
        manager.ready(gateway.status.line())
        log.info(
            "gateway ready",
            extra={"addresses": ", ".join(map(str, gateway.server.addresses)), "data": data_dir},
        )
        if ready is not None:
            await ready(gateway)
        ended = [
            spawn(ending.asked.wait(), name="stop signal"),
            spawn(gateway.failed(), name="part watch"),
        ]
        await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            await cancel(task)
    finally:
        if ending.is_restart:
            # To the service manager it is the same process: one that says it stops has to end.
            manager.reloading(gateway.clock.monotonic())
        else:
            manager.stopping()
            # A port is closed from the beginning of a stop, not from its end.
            if descriptors is not None:
                descriptors.close()
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
    if not ending.asked.is_set():
        return 1
    return RESTART if ending.is_restart else 0


def _report(gateway: Gateway, manager: ServiceManager) -> None:
    """Have the service manager know how the gateway is."""
    if not manager.is_there:
        return
    gateway.pulse.on_beat(lambda: gateway.status.refresh(manager.status))
    if (watchdog_s := manager.watchdog_s) is not None:
        gateway.pulse.beat_s = min(BEAT_S, watchdog_s / BEATS_OF_WATCHDOG)
        gateway.pulse.on_alive(manager.alive)


async def _reload(gateway: Gateway, config: Path | None) -> GatewayError | None:
    """Returns why the configuration was refused."""
    if config is None:
        log.warning("nothing to reload: no configuration file is in use")
        return None
    try:
        options = await _load(gateway, config)
        _warn(options)
        await gateway.reload(options)
        change_level(options.logging.level, "configuration")
        gateway.health.report("configuration", HealthState.OK)
        log.info("configuration in force", extra={"file": config})
    except GatewayError as error:
        for line in str(error).splitlines():
            log.error(  # noqa: TRY400  says all
                "configuration refused", extra={"fault": line, "code": error.code}
            )
        gateway.health.report(
            "configuration",
            HealthState.DEGRADED,
            "the changed file was refused and the old one stays in force;"
            " run `blynk-gateway check-config`",
        )
        return error
    return None


async def _load(gateway: Gateway, config: Path | None) -> Options:
    """The options of the file as it is now.

    Raises:
        ConfigError: it is faulty.
    """
    # Those of the file are known by the file.
    slugs = frozenset(
        device.slug
        for device in gateway.registry
        if device.definition.source in (DeviceSource.COMMAND, DeviceSource.PAIRED)
    )
    return await asyncio.to_thread(load, config, known_devices=lambda _: slugs)


def _outcome(reloading: asyncio.Task[GatewayError | None]) -> GatewayError | None:
    if reloading.cancelled() or reloading.exception() is not None:
        return ReloadFailed("the configuration could not be applied; expected no such fault")
    return reloading.result()


def _warn(options: Options) -> None:
    for warning in options.warnings:
        log.warning("configuration", extra={"caution": warning})


def tune_interpreter() -> None:
    """Set the interpreter up for a loop that is not to wait, when everything is loaded."""
    # Otherwise whoever decodes history in a thread keeps it for 5 ms each time.
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    sslproto.SSLProtocol.max_size = TLS_BUFFER_BYTES
    # Messages make no reference cycles: looking for some after every 700 of them, through all that
    # was loaded at start, took a seventh of the time of a loaded daemon.
    gc.collect()
    gc.freeze()
    # Connections that ended do make some, and are to go before they are many.
    gc.set_threshold(20_000, 5, 5)
    give_back_after_collections()
