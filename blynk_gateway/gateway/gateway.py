"""All parts of one daemon: builds and wires them, starts and stops them in order.

Start: journal (open, restore) → devices and values → sinks → sources → ready. Stop: sources first,
then what is still queued is committed. This package alone knows all parts.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import astuple
from pathlib import Path

from blynk_gateway import __version__
from blynk_gateway.api import HttpApi
from blynk_gateway.api.accounts.people import People
from blynk_gateway.api.configuration import Configuration
from blynk_gateway.api.dashboards import Dashboards
from blynk_gateway.api.services import Services
from blynk_gateway.automations.adapter import AutomationsAdapter
from blynk_gateway.blynk_server import BlynkServer
from blynk_gateway.config import Options
from blynk_gateway.config.gpio.common import PeripheralOptions
from blynk_gateway.config.options import Address
from blynk_gateway.core.change import EventKind
from blynk_gateway.core.clock import Clock, SystemClock
from blynk_gateway.core.definition import DeviceSource
from blynk_gateway.core.events import MAX_EVENT_DESCRIPTION
from blynk_gateway.core.history import HistoryPolicy
from blynk_gateway.core.presence import Presence
from blynk_gateway.core.reads import Readers
from blynk_gateway.gateway.devices import CONFIG, DeclaredDevices
from blynk_gateway.gpio.adapter import GpioAdapter
from blynk_gateway.history.accounts import AccountTables
from blynk_gateway.history.api_tokens import ApiTokenTable
from blynk_gateway.history.automations import AutomationTable
from blynk_gateway.history.backup.on_demand import Backups, clear_leftovers
from blynk_gateway.history.backup.snapshots import Snapshots
from blynk_gateway.history.clock.anchor import Shift
from blynk_gateway.history.dashboards import DashboardTable
from blynk_gateway.history.file.reader import Reader
from blynk_gateway.history.journal import Journal
from blynk_gateway.history.past.queries import Queries
from blynk_gateway.history.retention.retention import Keep
from blynk_gateway.history.segments.feed import JournalFeed
from blynk_gateway.history.segments.trail import JournalTrail
from blynk_gateway.mirror import Mirror
from blynk_gateway.mqtt import MqttAdapter
from blynk_gateway.mqtt.messages import RuleMessages
from blynk_gateway.mqtt.services import MqttServices
from blynk_gateway.runtime.clock_quality import ClockQuality
from blynk_gateway.runtime.descriptors import Descriptors
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.lan import lan_host
from blynk_gateway.runtime.last_stop import LastStop, RunMarker
from blynk_gateway.runtime.parts import Parts
from blynk_gateway.runtime.pulse import Pulse
from blynk_gateway.runtime.status_line import Counts, StatusLine
from blynk_gateway.runtime.tasks import cancel, spawn
from blynk_gateway.runtime.timezone import Zone
from blynk_gateway.upstream.adapter import UpstreamAdapter

log = logging.getLogger(__name__)

CONTROL_SOCKET = "control.sock"


class Gateway:
    """All parts of one daemon.

    Args:
        options: what the configuration says.
        data_dir: made if missing, readable by its owner only.
        config: the configuration file, None for defaults.
        reload: loads the configuration file again; None where there is none.
        restart: has the process end and begin anew; None where it cannot.
        descriptors: what is to outlive the process; None for nothing.
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
        descriptors: Descriptors | None = None,
    ) -> None:
        self.options = options
        self.data_dir = data_dir
        self.clock = clock or SystemClock()
        self.parts = parts = Parts.new(
            self.clock, Zone.of(None), ClockQuality(self.clock), descriptors
        )
        self.health = parts.health
        self.bus = parts.bus
        self.store = parts.store
        self.registry = parts.registry
        self.presence = Presence(parts.registry, parts.clock)
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
        messages = RuleMessages(self.clock)
        self.automations = AutomationsAdapter(
            parts,
            lambda: self.options,
            AutomationTable(self.journal.exclusive),
            messages,
            self.journal,
            lambda: self.devices.own,
        )
        self.server = BlynkServer(
            options.server,
            parts,
            data_dir=data_dir,
            http=self._http_protocol,
            notifier=self.automations.notifier,
        )
        trail = JournalTrail(self.journal, Reader(data_dir / "gateway.db"), self.clock)
        self.upstream = UpstreamAdapter(parts, trail, self.server)
        self.gpio = GpioAdapter(parts, data_dir, self._redefine_own)
        self.devices = DeclaredDevices(
            parts,
            lambda: self.options,
            lambda: self.gpio.open_pins_of(self.options.gpio),
        )
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
                automations=self.automations,
                webhooks=self.automations.webhooks,
                notifications=self.automations.notifier,
                notifier=self.automations.notifier,
                configuration=Configuration(
                    file=config,
                    options=lambda: self.options,
                    reload=reload,
                    lan_address=self._lan_address,
                    is_stopped=lambda link: link in self.automations.disabled_links,
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
                messages=messages,
            ),
        )
        self.pulse = Pulse(
            self.bus, self.clock, self.health, lambda: self.journal.is_waiting_for_disk
        )
        self.health.measure(
            "journal_backlog_changes",
            "Changes that are not on disk yet.",
            lambda: self.journal.backlog,
        )
        self.health.measure(
            "pulse_age_seconds",
            "Since a change was last seen to get through to the disk.",
            lambda: self.pulse.age_s,
        )
        self._first_seq = self.bus.next_seq
        self.status = StatusLine(self._counts, self.health, self.clock)
        self._marker = RunMarker(data_dir)
        self._workers: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Open the journal, restore, and accept connections.

        Raises:
            HistoryError: the database is in use, or from a newer version.
            GatewayError: a listener could not be opened; nothing is left running.
        """
        try:
            await self._start()
        except BaseException:
            self.gpio.abandon(self.options.gpio)
            raise

    async def _start(self) -> None:
        restored = await self.journal.open()
        try:
            self.mirror.start(self.options.history.mirror, self.options.gateway.slug)
            self.upstream.hold(self.options.upstream)
            await asyncio.to_thread(clear_leftovers, self.data_dir)
            self.bus.renumber(restored.next_seq)
            self._first_seq = restored.next_seq
            await self.gpio.prepare(self.options.gpio)
            self.devices.restore(restored)
            await self.dashboards.load()
            self.dashboards.declare(self.options.dashboards)
            self.bus.subscribe(self.journal.mailbox, origin=None, echo=True)
            self.devices.connect_own()
            self._tell_damage()
            self._workers = [
                spawn(self.journal.run(), name="journal"),
                spawn(self.presence.run(), name="presence"),
                spawn(self.snapshots.run(), name="snapshots"),
                spawn(self.pulse.run(), name="pulse"),
            ]
            if self._is_serving:
                await self.automations.start()
            self._report_links()
            self.gpio.listen(self.options.gateway.slug)
            await self.api.serve_control(self.data_dir / CONTROL_SOCKET)
            await self.server.start()
            self.mqtt.start(self.options.mqtt, self.options.gateway.slug, restored.instance_id)
            self.upstream.start(self.options.upstream)
            last_stop: LastStop | None = None
            if self._is_serving:
                # Before loads are switched on, which may bring the supply down.
                last_stop = await asyncio.to_thread(self._marker.begin, __version__)
            # Last: a start that fails, and is tried again and again, must not click the relays.
            await self.gpio.start()
            if last_stop is not None:
                self.automations.started(last_stop)
        except BaseException:
            await self.stop()
            raise

    async def failed(self) -> None:
        """Return when a part that must always run has ended: a bug, and the process must end."""
        await asyncio.wait(self._workers, return_when=asyncio.FIRST_COMPLETED)

    async def stop(self) -> None:
        """Close sources, then commit what is queued. May follow a `start` that failed."""
        # Before devices leave: their leaving is no news to act on.
        await self.automations.silence()
        # At once: a client that is slow to leave must not keep outputs from their safe levels.
        await asyncio.gather(
            self.server.stop(), self.api.stop(), self.gpio.stop(), self.mqtt.stop()
        )
        self.presence.end()
        await self.automations.stop()
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
        await asyncio.to_thread(self._marker.end)

    async def reload(self, options: Options) -> None:
        """Apply another configuration without touching what did not change in it.

        Raises:
            GatewayError: a new listener could not be opened; the old ones stay.
        """
        await self.server.reconfigure(options.server)
        if options.data_dir != self.options.data_dir:
            log.warning("data_dir is read at a start only", extra={"data": self.data_dir})
        self.options = options
        self.devices.reload()
        await self.gpio.reconfigure(options.gpio, options.gateway.slug)
        self.devices.redefine_own()
        self.server.apply_definitions()
        self.automations.reload()
        self._report_links()
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

    def _counts(self) -> Counts:
        others = [
            device
            for device in self.registry
            if device.definition.source is not DeviceSource.GATEWAY
        ]
        return Counts(
            devices=len(others),
            online=sum(device.is_online for device in others),
            changes=self.bus.next_seq - self._first_seq,
            backlog=self.journal.backlog,
        )

    @property
    def _is_serving(self) -> bool:
        """False while it serves but one command: no device can come, and rules have no business."""
        return bool(self.options.server.listen or self.options.server.listen_tls)

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
        own = self.devices.own
        if self.journal.damage and own is not None:
            self.registry.record_event(
                own,
                EventKind.SYSTEM,
                "history_damaged",
                self.journal.damage[:MAX_EVENT_DESCRIPTION],
                CONFIG,
            )

    def _http_protocol(self) -> asyncio.Protocol:
        # The API needs the server for its WebSockets and is therefore made after it.
        return self.api.make_protocol()

    def _redefine_own(self) -> None:
        # Called by a part that is made before the devices are declared.
        self.devices.redefine_own()

    def _report_links(self) -> None:
        ends = (end for link in self.options.links for end in (link.source, link.target))
        unknown = sorted({end.device for end in ends if self.registry.find(end.device) is None})
        if unknown:
            detail = f"links name unknown devices: {', '.join(unknown)}; add them or mend `links:`"
            self.health.report("links", HealthState.DEGRADED, detail)
        else:
            self.health.report("links", HealthState.OK)
