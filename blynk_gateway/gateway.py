"""The composition root: builds every part, wires them, starts and stops them in order.

Start: journal (open, restore) → devices and values → sinks → sources → ready. Stop: sources first,
then what is still queued is committed. This module alone knows all parts.
"""

import asyncio
import gc
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from blynk_gateway.api import HttpApi
from blynk_gateway.blynk_server import BlynkServer
from blynk_gateway.config import Options, load
from blynk_gateway.config.options import DeviceOptions
from blynk_gateway.core.bus import PinBus
from blynk_gateway.core.change import Intent, Origin, OriginKind
from blynk_gateway.core.clock import Clock, SystemClock
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource, new_token
from blynk_gateway.core.device import DeviceRegistry
from blynk_gateway.core.gate import Gate
from blynk_gateway.core.links import LinkEngine
from blynk_gateway.core.pairing import Pairing
from blynk_gateway.core.store import PinStore
from blynk_gateway.errors import DeviceError, GatewayError, PinError
from blynk_gateway.history import Journal, Restored
from blynk_gateway.runtime import logs
from blynk_gateway.runtime.health import Health, HealthState
from blynk_gateway.runtime.sdnotify import ServiceManager
from blynk_gateway.runtime.tasks import cancel, spawn
from blynk_gateway.runtime.timezone import Zone

log = logging.getLogger(__name__)

CONTROL_SOCKET = "control.sock"

STOP_WITHIN_S = 4.5
"""Time for a clean stop; a service manager is promised 5 s."""

_RESTORE = Origin(OriginKind.RESTORE)
_CONFIG = Origin(OriginKind.GATEWAY, "config")


class Gateway:
    """All parts of one daemon.

    Args:
        options: what the configuration says.
        data_dir: made if missing, readable by its owner only.
    """

    def __init__(self, options: Options, data_dir: Path, clock: Clock | None = None) -> None:
        self.options = options
        self.data_dir = data_dir
        self.clock = clock or SystemClock()
        self.health = Health()
        self.bus = PinBus()
        self.gate = Gate()
        self.store = PinStore(self.bus, self.clock)
        self.registry = DeviceRegistry(self.bus, self.store, self.clock)
        self.pairing = Pairing(self.registry, self.clock)
        self.links = LinkEngine(self.bus, self.store)
        self.journal = Journal(
            data_dir / "gateway.db",
            commit_every_ms=options.history.commit_every_ms,
            retention_raw_ms=options.history.retention.raw_ms,
            clock=self.clock,
            gate=self.gate,
            health=self.health,
        )
        zone = Zone.of(None)
        self.server = BlynkServer(
            options.server,
            registry=self.registry,
            store=self.store,
            bus=self.bus,
            pairing=self.pairing,
            clock=self.clock,
            gate=self.gate,
            health=self.health,
            zone=zone,
            data_dir=data_dir,
            http=self._http_protocol,
        )
        self.api = HttpApi(
            registry=self.registry,
            store=self.store,
            bus=self.bus,
            pairing=self.pairing,
            clock=self.clock,
            gate=self.gate,
            health=self.health,
            zone=zone,
            journal=self.journal,
            tokens=self.journal,
            links=self.server,
            data_dir=data_dir,
        )
        self._workers: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Open the journal, restore, and accept connections.

        Raises:
            HistoryError: the database is in use, or from a newer version.
            GatewayError: a listener could not be opened; nothing is left running.
        """
        restored = await self.journal.open()
        try:
            self.bus.renumber(restored.next_seq)
            self._declare(restored)
            self._restore(restored)
            self.bus.subscribe(self.journal.mailbox, origin=None, echo=True)
            self._define_links()
            self._workers = [
                spawn(self.journal.run(), name="journal"),
                spawn(self.links.run(), name="links"),
            ]
            await self.api.serve_control(self.data_dir / CONTROL_SOCKET)
            await self.server.start()
        except BaseException:
            await self.stop()
            raise

    async def failed(self) -> None:
        """Return when a part that must always run has ended: a bug, and the process must end."""
        await asyncio.wait(self._workers, return_when=asyncio.FIRST_COMPLETED)

    async def stop(self) -> None:
        """Close sources, then commit what is queued. May follow a `start` that failed."""
        await self.server.stop()
        await self.api.stop()
        # The journal's worker is ended by `close`, after the last change is on disk.
        for worker in self._workers[1:]:
            await cancel(worker)
        await self.journal.close()
        for worker in self._workers[:1]:
            await cancel(worker)

    async def reload(self, options: Options) -> None:
        """Apply another configuration without touching what did not change in it.

        Raises:
            GatewayError: a new listener could not be opened; the old ones stay.
        """
        await self.server.reconfigure(options.server)
        if options.data_dir != self.options.data_dir:
            log.warning("data_dir is read at a start only", extra={"data": self.data_dir})
        self.options = options
        self.registry.use_templates(options.templates)
        wanted = {device.slug: device for device in self._file_devices()}
        for device in list(self.registry):
            is_ours = device.definition.source in (DeviceSource.FILE, DeviceSource.GATEWAY)
            if is_ours and device.slug not in wanted:
                self.registry.remove(device.slug, _CONFIG)
        self._release_tokens(wanted)
        self._declare_all(wanted.values())
        self._define_links()
        self.journal.reconfigure(
            commit_every_ms=options.history.commit_every_ms,
            retention_raw_ms=options.history.retention.raw_ms,
        )

    @property
    def status(self) -> str:
        """One line for the service manager."""
        online = sum(device.is_online for device in self.registry)
        return f"{len(self.registry)} devices, {online} online"

    def _http_protocol(self) -> asyncio.Protocol:
        # The API needs the server for its WebSockets and is therefore made after it.
        return self.api.make_protocol()

    def _file_devices(self) -> Iterable[DeviceDefinition]:
        own = self.options.gateway
        yield DeviceDefinition(
            slug=own.slug,
            name=own.name,
            token=own.token.reveal() if own.token is not None else self._own_token,
            source=DeviceSource.GATEWAY,
        )
        for device in self.options.devices.values():
            yield _definition(device)

    def _declare(self, restored: Restored) -> None:
        self._own_token = restored.gateway_token
        self.registry.use_templates(self.options.templates)
        # The file wins over what a command added under the same name.
        by_slug = {device.slug: device for device in restored.definitions}
        by_slug.update((device.slug, device) for device in self._file_devices())
        self._declare_all(by_slug.values())

    def _declare_all(self, definitions: Iterable[DeviceDefinition]) -> None:
        problems = []
        for definition in definitions:
            try:
                if self.registry.find(definition.slug) is None:
                    self.registry.add(definition, _CONFIG)
                else:
                    self.registry.redefine(definition, _CONFIG)
            except DeviceError as error:
                problems.append(f"{definition.slug}: {error}. {error.hint}")
        state = HealthState.FAILED if problems else HealthState.OK
        self.health.report("devices", state, "\n".join(problems))

    def _release_tokens(self, wanted: Mapping[str, DeviceDefinition]) -> None:
        """Let go of tokens that go from one device to another: else two could never swap theirs."""
        tokens = {definition.token for definition in wanted.values()}
        for slug, definition in wanted.items():
            device = self.registry.find(slug)
            if device is not None and device.definition.token in tokens - {definition.token}:
                self.registry.redefine(replace(device.definition, token=new_token()), _CONFIG)

    def _define_links(self) -> None:
        self.links.define(self.options.links)
        ends = (end for link in self.options.links for end in (link.source, link.target))
        unknown = sorted({end.device for end in ends if self.registry.find(end.device) is None})
        if unknown:
            detail = f"links name unknown devices: {', '.join(unknown)}; add them or mend `links:`"
            self.health.report("links", HealthState.DEGRADED, detail)
        else:
            self.health.report("links", HealthState.OK)

    def _restore(self, restored: Restored) -> None:
        for device in self.registry:
            self.registry.restore(
                device.slug,
                properties=restored.properties.get(device.slug, {}),
                metadata=restored.metadata.get(device.slug, {}),
                info=restored.infos.get(device.slug, ()),
                last_seen_ms=restored.last_seen.get(device.slug, 0),
            )
        for slug, pin, value, at_ms in restored.values:
            try:
                self.store.write(slug, pin, value, _RESTORE, Intent.SYNC, at_ms)
            except (PinError, DeviceError) as error:
                # The device is gone, or the datastream has another type now.
                log.debug("value not restored", extra={"pin": f"{slug}/{pin}", "reason": error})


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
        _tune_collector()
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
            await asyncio.wait_for(gateway.stop(), STOP_WITHIN_S)
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
        try:
            if config is None:
                log.warning("nothing to reload: no configuration file is in use")
            else:
                options = await asyncio.to_thread(load, config)
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
        manager.ready(gateway.status)


def _tune_collector() -> None:
    # Messages make no reference cycles: looking for some after every 700 of them, through all that
    # was loaded at start, took a seventh of the time of a loaded daemon.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def _definition(device: DeviceOptions) -> DeviceDefinition:
    return DeviceDefinition(
        slug=device.slug,
        name=device.name,
        token=device.token.reveal(),
        source=DeviceSource.FILE,
        template=device.template,
        datastreams=device.datastreams,
        stale_after_ms=device.stale_after_ms,
        metadata=device.metadata,
    )
