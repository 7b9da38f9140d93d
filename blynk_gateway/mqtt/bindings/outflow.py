"""One binding out: what the far end has been told, and what it still has to be."""

from collections import deque
from collections.abc import Callable

from blynk_gateway.core.change import Origin, OriginKind
from blynk_gateway.core.quota import TokenBucket
from blynk_gateway.core.store import FUSE_BURST, FUSE_PER_SECOND
from blynk_gateway.core.stream import PinState
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import InvalidValue
from blynk_gateway.mqtt.bindings.echoes import ECHO_S, Key, Told, Verdict, key_of
from blynk_gateway.mqtt.bindings.rule import Rule
from blynk_gateway.mqtt.feature import Outlet

_PROGRAMS = frozenset({OriginKind.MQTT, OriginKind.BINDING, OriginKind.LINK})

DEVICE_API = "mqtt:"
"""Begin of the origins of devices that speak the vendor's device API through the broker."""


def may_come_round(origin: Origin) -> bool:
    """Whether a change may be an effect of what we published, and so run in circles."""
    if origin.kind is OriginKind.DEVICE:
        return origin.id.startswith(DEVICE_API)
    return origin.kind in _PROGRAMS


class Outflow:
    """The way from a pin to a topic.

    Three numbers of changes tell how far it is: up to `seen` all were dealt with, the latest that
    was published is `handed`, and `sent` is what the broker has. A change above `sent` when a
    connection begins is published then.

    Args:
        seq: number of the pin's latest change, which is not to be told.
        partners: ids of the bindings that tell what this one commands; what they bring is not sent
            back.
    """

    def __init__(self, rule: Rule, seq: int, partners: frozenset[str]) -> None:
        self.rule = rule
        self.is_heard = False
        self._partners = partners
        self._seen = self._handed = self._sent = seq
        self._published_here: int | None = None
        self._told = Told()
        self._returning: deque[tuple[Key, float]] = deque()
        self._fuse: TokenBucket | None = None

    def is_new(self, seq: int) -> bool:
        """Whether the pin's latest change is not dealt with yet."""
        return seq > self._seen

    def goes_first(self, seq: int) -> bool:
        """Whether the pin's latest change is newer than all that stood when we connected.

        It is if it was published on this connection, or is still to be.
        """
        return self.is_new(seq) or self._published_here == seq

    def owes(self, texts: PinValue, seq: int) -> bool:
        """Whether the far end was told something else than what the pin has now."""
        return self.is_new(seq) or self._told.owes(texts)

    def said(self, texts: PinValue, seq: int) -> bool:
        """Whether these words are what was published of the pin's latest change."""
        return self._handed == seq and self._told.is_last(texts)

    def is_partner(self, origin: Origin) -> bool:
        """Whether the topic, or the one it commands, said so itself."""
        return origin.kind is OriginKind.BINDING and origin.id in self._partners

    def judge(self, texts: PinValue, now: float) -> Verdict:
        """What to do with a value that may have come round."""
        return self._told.judge(texts, now)

    def passes(self, now: float) -> bool:
        """Whether the fuse lets one more through."""
        if self._fuse is None:
            self._fuse = TokenBucket(FUSE_PER_SECOND, FUSE_BURST, now)
        return self._fuse.take(1, now)

    def send(self, outlet: Outlet, texts: PinValue, seq: int, now: float) -> None:
        """Publish, and note it."""
        options = self.rule.options
        self._told.tell(texts, now)
        self._see(seq)
        self._handed = self._published_here = seq
        if self.rule.is_both:
            self._returning.append((key_of(texts), now + ECHO_S))
        payload = self.rule.payload(texts)
        outlet.publish(
            self.rule.topic, payload, qos=options.qos, retain=options.retain, done=self._done(seq)
        )

    def skip(self, seq: int, texts: PinValue | None = None, now: float = 0.0) -> None:
        """Deal with a change without publishing it.

        Args:
            texts: what the far end said itself, None if it did not.
        """
        if texts is not None:
            self._told.tell(texts, now)
        # What was handed over before may still be lost; then this one is to be told.
        if self._handed <= self._sent:
            self._sent = max(self._sent, seq)
        self._see(seq)

    def defer(self, seq: int) -> None:
        """Deal with a change later."""
        self._told.doubt()
        self._see(seq)

    def takes(self, texts: PinValue, state: PinState, now: float) -> bool:
        """Whether a message on a topic that goes both ways is to be followed.

        The topic's last message counts, in the broker's order, for everyone alike. While one of our
        own is still to come back, what comes before it will be overruled by it.
        """
        self.is_heard = True
        key = key_of(texts)
        own = next((index for index, (one, _) in enumerate(self._returning) if one == key), None)
        for _ in range(0 if own is None else own + 1):
            self._returning.popleft()
        while self._returning and self._returning[0][1] <= now:
            self._returning.popleft()
        if self._returning or self.is_new(state.seq):
            return False
        return not self._has(texts, state)

    def disconnected(self) -> None:
        """What was not acknowledged counts as not published."""
        self._seen = self._handed = self._sent
        self._published_here = None
        self._returning.clear()
        self.is_heard = False

    def _see(self, seq: int) -> None:
        self._seen = max(self._seen, seq)

    def _has(self, texts: PinValue, state: PinState) -> bool:
        """Whether the pin has, in the topic's own words, what the topic says."""
        try:
            return bool(state.value) and key_of(self.rule.outward(state.value)) == key_of(texts)
        except InvalidValue:
            return False

    def _done(self, seq: int) -> Callable[[], None]:
        def done() -> None:
            self._sent = self._seen if seq == self._handed else max(self._sent, seq)

        return done
