"""The parts of the gateway that request handlers work with."""

from dataclasses import dataclass, field
from pathlib import Path

from blynk_gateway.api.accounts.people import People
from blynk_gateway.api.configuration import Configuration
from blynk_gateway.api.dashboards import Dashboards
from blynk_gateway.core.automations import (
    Automations,
    NoAutomations,
    NoNotifications,
    Notifications,
    NoWebhooks,
    Webhooks,
)
from blynk_gateway.core.history import History
from blynk_gateway.core.notifications import NoNotifier, Notifier
from blynk_gateway.core.ports import (
    ApiTokens,
    Backups,
    Certificates,
    DeviceLinks,
    FrameLog,
    Gpio,
    Journal,
    PinReader,
)
from blynk_gateway.core.upstream import NoUpstreams, Upstreams
from blynk_gateway.runtime.log_ring import LogRing, current_ring
from blynk_gateway.runtime.parts import Parts


@dataclass(slots=True, kw_only=True)
class Services(Parts):
    """Everything a handler may use, handed over by `gateway.py`.

    Attributes:
        accounts: who may use API and dashboard besides the holders of tokens.
        links: takes device connections that come inside WebSockets.
        gpio: the Pi's own pins.
        history: answers questions about the past.
        backups: makes backups of all data.
        reader: reads direct pins, those of the Pi and of devices alike.
        data_dir: uploads are kept below it.
        upstreams: the servers above.
        automations: the rules.
        webhooks: what rules send elsewhere.
        notifications: the services that tell people.
        notifier: takes what devices want people to be told.
        frames: what devices whose frames somebody looks at said lately.
        certificates: tell of the one that is served.
        logs: the latest log records.
        dashboards: those of the file, stored and automatic ones.
    """

    journal: Journal
    tokens: ApiTokens
    accounts: People
    links: DeviceLinks
    gpio: Gpio
    reader: PinReader
    history: History
    backups: Backups
    data_dir: Path
    frames: FrameLog
    certificates: Certificates
    dashboards: Dashboards
    upstreams: Upstreams = field(default_factory=NoUpstreams)
    automations: Automations = field(default_factory=NoAutomations)
    webhooks: Webhooks = field(default_factory=NoWebhooks)
    notifications: Notifications = field(default_factory=NoNotifications)
    notifier: Notifier = field(default_factory=NoNotifier)
    configuration: Configuration = field(default_factory=Configuration)
    logs: LogRing = field(default_factory=current_ring)
