"""Links: a change of one pin is a write to another, through the same door as everyone's."""

import logging
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.bus import PinBus
from blynk_gateway.core.change import Intent, Origin, OriginKind, PinChange
from blynk_gateway.core.mailbox import Mailbox, Overflow
from blynk_gateway.core.store import PinStore
from blynk_gateway.errors import GatewayError, LoopDetected

log = logging.getLogger(__name__)

MAILBOX_LIMIT = 1000


class Link(NamedTuple):
    """A change of `source` is written to `target`."""

    source: PinAddress
    target: PinAddress

    def __str__(self) -> str:
        return f"{self.source} -> {self.target}"


class LinkEngine:
    """Follows every link. One that runs in a circle is switched off until the next reload."""

    def __init__(self, bus: PinBus, store: PinStore) -> None:
        self._bus = bus
        self._store = store
        self._mailbox = Mailbox(MAILBOX_LIMIT, Overflow.CONFLATE)
        self._links: dict[PinAddress, list[Link]] = {}
        self._failing: set[Link] = set()
        self.disabled: set[Link] = set()

    def define(self, links: Iterable[Link]) -> None:
        """Follow these links and no others; disabled ones get a new chance."""
        by_source: defaultdict[PinAddress, list[Link]] = defaultdict(list)
        for link in links:
            by_source[link.source].append(link)
        self._links = dict(by_source)
        self._failing.clear()
        self.disabled.clear()
        # Without links no change needs to come here at all.
        self._bus.unsubscribe(self._mailbox)
        if self._links:
            self._bus.subscribe(self._mailbox, origin=None, echo=True)

    async def run(self) -> None:
        """Follow links until cancelled."""
        while True:
            for change in await self._mailbox.take():
                if type(change) is PinChange:
                    for link in self._links.get(PinAddress(change.device, change.pin), ()):
                        self._follow(link, change)

    def _follow(self, link: Link, change: PinChange) -> None:
        if link in self.disabled:
            return
        try:
            self._store.write(
                link.target.device,
                link.target.pin,
                change.value,
                Origin(OriginKind.LINK, str(link)),
                Intent.COMMAND,
                change.at_ms,
                cause=change.seq,
                depth=change.depth + 1,
            )
        except LoopDetected as error:
            self.disabled.add(link)
            log.error(  # noqa: TRY400  the reason says all, a traceback would only frighten
                "link disabled", extra={"link": str(link), "reason": str(error)}
            )
        except GatewayError as error:
            # A warning once: the next reading of a sensor is refused for the same reason.
            level = logging.DEBUG if link in self._failing else logging.WARNING
            self._failing.add(link)
            log.log(level, "link not followed", extra={"link": str(link), "reason": str(error)})
        else:
            self._failing.discard(link)
