"""Links: a change of one pin is a write to another, through the same door as everyone's."""

import logging
from collections.abc import Iterable, Iterator

from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import Intent, Origin, OriginKind, PinChange
from blynk_gateway.core.links import Link
from blynk_gateway.core.store import PinStore
from blynk_gateway.errors import GatewayError, LoopDetected

log = logging.getLogger(__name__)


class Follower:
    """One link at run time."""

    __slots__ = ("_links", "_origin", "link")

    def __init__(self, link: Link, links: "Links") -> None:
        self.link = link
        self._links = links
        self._origin = Origin(OriginKind.LINK, str(link))

    def see(self, change: PinChange, first: float | None) -> None:  # noqa: ARG002  the signature of all who look at pins
        """Write to the other end."""
        if self.link not in self._links.disabled:
            self._links.write(self.link, change, self._origin)


class Links:
    """All links. One that runs in a circle is switched off until the next reload.

    Attributes:
        disabled: those that are.
    """

    def __init__(self, store: PinStore) -> None:
        self._store = store
        self._followers: list[Follower] = []
        self._failing: set[Link] = set()
        self.disabled: set[Link] = set()

    def __iter__(self) -> Iterator[tuple[PinAddress, Follower]]:
        return ((one.link.source, one) for one in self._followers)

    def define(self, links: Iterable[Link]) -> None:
        """Follow these and no others; disabled ones get a new chance."""
        self._followers = [Follower(link, self) for link in links]
        self._failing.clear()
        self.disabled.clear()

    def write(self, link: Link, change: PinChange, origin: Origin) -> None:
        """Carry a change to the other end of a link."""
        try:
            self._store.write(
                link.target.device,
                link.target.pin,
                change.value,
                origin,
                Intent.COMMAND,
                change.at_ms,
                cause=change.seq,
                depth=change.depth + 1,
            )
        except LoopDetected as error:
            self.disabled.add(link)
            log.error(  # noqa: TRY400  the reason says all, a traceback would only frighten
                "link disabled", extra={"link": str(link), "reason": error}
            )
        except GatewayError as error:
            # A warning once: the next reading of a sensor is refused for the same reason.
            level = logging.DEBUG if link in self._failing else logging.WARNING
            self._failing.add(link)
            log.log(level, "link not followed", extra={"link": str(link), "reason": error})
        else:
            self._failing.discard(link)
