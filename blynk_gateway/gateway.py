"""The composition root: builds every part, wires them, starts and stops them in order.

Start: journal (open, restore) → devices and values → sinks → sources → ready. Stop: sources first,
then what is still queued is committed. This module alone knows all parts.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import astuple, replace
from pathlib import Path

from blynk_gateway.api import HttpApi
from blynk_gateway.api.accounts.people import People
from blynk_gateway.api.configuration import Configuration
from blynk_gateway.api.dashboards import Dashboards
from blynk_gateway.api.services import Services
from blynk_gateway.blynk_server import BlynkServer
from blynk_gateway.config import Options
from blynk_gateway.config.definitions import definition_of
from blynk_gateway.config.gpio.common import PeripheralOptions
from blynk_gateway.config.options import Address
from blynk_gateway.core.change import EventKind, Intent, Origin, OriginKind
from blynk_gateway.core.clock import Clock, SystemClock
from blynk_gateway.core.definition import DeviceDefinition, DeviceSource, new_token
from blynk_gateway.core.device import MAX_EVENT_DESCRIPTION, Device
from blynk_gateway.core.history import HistoryPolicy
from blynk_gateway.core.links import LinkEngine
from blynk_gateway.core.reads import Readers
from blynk_gateway.errors import DeviceError, PinError
from blynk_gateway.gpio.adapter import GpioAdapter
from blynk_gateway.gpio.datastreams import implied_datastreams
from blynk_gateway.history.accounts import AccountTables
from blynk_gateway.history.api_tokens import ApiTokenTable
from blynk_gateway.history.backup.backup import Backups, clear_leftovers
from blynk_gateway.history.backup.snapshots import Snapshots
from blynk_gateway.history.clock.anchor import Shift
from blynk_gateway.history.dashboards import DashboardTable
from blynk_gateway.history.file.reader import Reader
from blynk_gateway.history.journal import Journal
from blynk_gateway.history.past.queries import Queries
from blynk_gateway.history.retention.retention import Keep
from blynk_gateway.history.segments.feed import JournalFeed
from blynk_gateway.history.segments.restore import Restored
from blynk_gateway.history.segments.trail import JournalTrail
from blynk_gateway.mirror import Mirror
from blynk_gateway.mqtt import MqttAdapter
from blynk_gateway.mqtt.services import MqttServices
from blynk_gateway.runtime.clock_quality import ClockQuality
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.lan import lan_host
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.tasks import cancel, spawn
from blynk_gateway.runtime.timezone import Zone
from blynk_gateway.upstream.adapter import UpstreamAdapter

log = logging.getLogger(__name__)

CONTROL_SOCKET = "control.sock"

_RESTORE = Origin(OriginKind.RESTORE)
_CONFIG = Origin(OriginKind.GATEWAY, "config")


class Gateway:
    """All parts of one daemon.

    Args:
        options: what the configuration says.
        data_dir: made if missing, readable by its owner only.
        config: the configuration file, None for defaults.
        reload: loads the configuration file again; None where there is none.
        restart: has the process end and begin anew; None where it cannot.
    """

    def __init__(
        self,
        options: Options,
        data_dir: Path,
        clock: Clock | None = None,
        *,
        config: Path | None = None,
        reload: Callable[[], Awaitable[None]] | None = None,
        restart: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.options = options
        self.data_dir = data_dir
        self.clock = clock or SystemClock()
        self.parts = parts = Parts.new(self.clock, Zone.of(None), ClockQuality(self.clock))
        self.health = parts.health
        self.bus = parts.bus
        self.store = parts.store
        self.registry = parts.registry
        self.links = LinkEngine(parts.bus, parts.store)
        self.journal = Journal(
            data_dir / "gateway.db",
            commit_every_ms=options.history.commit_every_ms,
            keep=Keep(*astuple(options.history.retention)),
            clock=self.clock,
            clock_quality=parts.clock_quality,
            gate=parts.gate,
            health=parts.health,
            policy_of=self._policy_of,
        )
        self.api_tokens = ApiTokenTable(self.journal.exclusive)
        self.accounts = People.kept_in(AccountTables(self.journal.exclusive), self.clock)
        self.journal.timekeeper.on_corrected(self._correct_times)
        self._reader = Reader(data_dir / "gateway.db")
        feed = JournalFeed(self.journal, Reader(data_dir / "gateway.db"), self.clock, parts.health)
        self.mirror = Mirror(feed, self.clock, parts.health, parts.store.is_text)
        snapshots = options.history.snapshots
        self.snapshots = Snapshots(
            data_dir,
            every_ms=snapshots.every_ms,
            keep=snapshots.keep,
            clock=self.clock,
            health=parts.health,
        )
        self.server = BlynkServer(
            options.server, parts, data_dir=data_dir, http=self._http_protocol
        )
        trail = JournalTrail(self.journal, Reader(data_dir / "gateway.db"), self.clock)
        self.upstream = UpstreamAdapter(parts, trail, self.server)
        self.gpio = GpioAdapter(parts, data_dir, self._declare_own)
        self.dashboards = Dashboards(parts, DashboardTable(self.journal.exclusive))
        reader = Readers(parts.registry, own=self.gpio, others=self.server)
        backups = Backups(data_dir, self.clock, self.journal.flush)
        self.api = HttpApi(
            Services.beside(
                parts,
                journal=self.journal,
                tokens=self.api_tokens,
                accounts=self.accounts,
                links=self.server,
                gpio=self.gpio,
                reader=reader,
                history=Queries(self._reader, self.journal),
                backups=backups,
                data_dir=data_dir,
                upstreams=self.upstream,
                frames=self.server,
                certificates=self.server,
                dashboards=self.dashboards,
                configuration=Configuration(
                    file=config,
                    options=lambda: self.options,
                    reload=reload,
                    lan_address=self._lan_address,
                    is_stopped=self.links.disabled.__contains__,
                ),
            )
        )
        self.mqtt = MqttAdapter(
            parts,
            MqttServices(
                reader=reader,
                backups=backups,
                data_dir=data_dir,
                backlog=lambda: self.journal.backlog,
                reload=reload,
                restart=restart,
                peripherals=self._peripherals,
                quota=lambda: self.options.server.quota,
                url=self.url,
            ),
        )
        self._workers: list[asyncio.Task[None]] = []
        self._own: Device | None = None

    async def start(self) -> None:
        """Open the journal, restore, and accept connections.

        Raises:
            HistoryError: the database is in use, or from a newer version.
            GatewayError: a listener could not be opened; nothing is left running.
        """
        restored = await self.journal.open()
        try:
            self.mirror.start(self.options.history.mirror, self.options.gateway.slug)
            self.upstream.hold(self.options.upstream)
            await asyncio.to_thread(clear_leftovers, self.data_dir)
            self.bus.renumber(restored.next_seq)
            await self.gpio.prepare(self.options.gpio)
            self._declare(restored)
            self._restore(restored)
            await self.dashboards.load()
            self.dashboards.declare(self.options.dashboards)
            self.bus.subscribe(self.journal.mailbox, origin=None, echo=True)
            self._connect_own()
            self._tell_damage()
            self._define_links()
            self._workers = [
                spawn(self.journal.run(), name="journal"),
                spawn(self.links.run(), name="links"),
                spawn(self.snapshots.run(), name="snapshots"),
            ]
            self.gpio.listen(self.options.gateway.slug)
            await self.api.serve_control(self.data_dir / CONTROL_SOCKET)
            await self.server.start()
            self.mqtt.start(self.options.mqtt, self.options.gateway.slug, restored.instance_id)
            self.upstream.start(self.options.upstream)
            # Last: a start that fails, and is tried again and again, must not click the relays.
            await self.gpio.start()
        except BaseException:
            await self.stop()
            raise

    async def failed(self) -> None:
        """Return when a part that must always run has ended: a bug, and the process must end."""
        await asyncio.wait(self._workers, return_when=asyncio.FIRST_COMPLETED)

    async def stop(self) -> None:
        """Close sources, then commit what is queued. May follow a `start` that failed."""
        # At once: a client that is slow to leave must not keep outputs from their safe levels.
        await asyncio.gather(
            self.server.stop(), self.api.stop(), self.gpio.stop(), self.mqtt.stop()
        )
        # The journal's worker is ended by `close`, after the last change is on disk.
        for worker in self._workers[1:]:
            await cancel(worker)
        # Before the journal, so that the log is merged into the file.
        await self.upstream.close()
        await self.mirror.stop()
        await self._reader.close()
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
        self._connect_own()
        await self.gpio.reconfigure(options.gpio, options.gateway.slug)
        self._declare_own()
        self.server.apply_definitions()
        self._define_links()
        self.dashboards.declare(options.dashboards)
        await self.accounts.shares.prune(self.dashboards.has)
        self.journal.reconfigure(
            commit_every_ms=options.history.commit_every_ms,
            keep=Keep(*astuple(options.history.retention)),
        )
        snapshots = options.history.snapshots
        self.snapshots.reconfigure(every_ms=snapshots.every_ms, keep=snapshots.keep)
        await self.mirror.reconfigure(options.history.mirror, options.gateway.slug)
        await self.mqtt.reconfigure(options.mqtt, options.gateway.slug)
        self.upstream.reconfigure(options.upstream)

    @property
    def status(self) -> str:
        """One line for the service manager."""
        others = [
            device
            for device in self.registry
            if device.definition.source is not DeviceSource.GATEWAY
        ]
        online = sum(device.is_online for device in others)
        return f"{len(others)} devices, {online} online"

    def _policy_of(self, device: str, pin: str) -> HistoryPolicy:
        datastream = self.store.find_datastream(device, pin)
        return HistoryPolicy.RAW if datastream is None else datastream.history

    def _peripherals(self) -> Mapping[str, PeripheralOptions]:
        return {one.pin: one for one in self.options.gpio.peripherals.values()}

    def _lan_address(self) -> Address | None:
        if not self.server.addresses:
            return None
        host, port = self.server.addresses[0]
        return Address(lan_host(host), port)

    def url(self) -> str | None:
        """Where the dashboard is, None while nothing listens without TLS."""
        address = self._lan_address()
        return None if address is None else f"http://{address}/"

    def _correct_times(self, shift: Shift) -> None:
        self.store.correct_times(shift.corrected)
        self.registry.correct_times(shift.corrected_sight)

    def _tell_damage(self) -> None:
        if self.journal.damage and self._own is not None:
            self.registry.record_event(
                self._own,
                EventKind.SYSTEM,
                "history_damaged",
                self.journal.damage[:MAX_EVENT_DESCRIPTION],
                _CONFIG,
            )

    def _http_protocol(self) -> asyncio.Protocol:
        # The API needs the server for its WebSockets and is therefore made after it.
        return self.api.make_protocol()

    def _file_devices(self) -> Iterable[DeviceDefinition]:
        yield self._own_definition()
        for device in self.options.devices.values():
            yield definition_of(device)

    def _own_definition(self) -> DeviceDefinition:
        own = self.options.gateway
        template = self.options.templates.get(own.template or "")
        shared = template.datastreams if template is not None else {}
        implied = implied_datastreams(self.options.gpio)
        open_pins = self.gpio.open_pins_of(self.options.gpio)
        return DeviceDefinition(
            slug=own.slug,
            name=own.name,
            token=own.token.reveal() if own.token is not None else self._own_token,
            source=DeviceSource.GATEWAY,
            # What the owner says of a pin goes before what its peripheral implies.
            datastreams={**implied, **shared, **own.datastreams},
            pins={pin: direct for pin, direct in own.pins.items() if pin in open_pins},
            open_pins=open_pins,
        )

    def _declare_own(self) -> None:
        self.registry.redefine(self._own_definition(), _CONFIG)

    def _connect_own(self) -> None:
        """The gateway's own device is there as long as the daemon is."""
        own = self.registry.find(self.options.gateway.slug)
        if own is not None and own is not self._own:
            self._own = own
            self.registry.connected(own, _CONFIG)

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
                modes=restored.modes.get(device.slug, {}),
            )
        for slug, pin, value, at_ms in restored.values:
            try:
                self.store.write(slug, pin, value, _RESTORE, Intent.SYNC, at_ms)
            except (PinError, DeviceError) as error:
                # The device is gone, or the datastream has another type now.
                log.debug("value not restored", extra={"pin": f"{slug}/{pin}", "reason": error})
