"""From topics to pins."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from blynk_gateway.broker.message import Message, Subscription
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import DefinitionChange, Intent, OriginKind, PinChange
from blynk_gateway.core.stream import PinState
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import GatewayError, InvalidValue, TooManyCommands, UnknownDevice
from blynk_gateway.mqtt.bindings.echoes import ECHO_S, Standing, Verdict, key_of
from blynk_gateway.mqtt.bindings.fuse import Fuses
from blynk_gateway.mqtt.bindings.heard import Heard, Source
from blynk_gateway.mqtt.bindings.outflow import Outflow
from blynk_gateway.mqtt.bindings.pauses import Pauses
from blynk_gateway.mqtt.bindings.rule import Document, Rule
from blynk_gateway.mqtt.commands.complaints import Complaints
from blynk_gateway.mqtt.feature import MqttParts, Outlet
from blynk_gateway.mqtt.presence import Presence
from blynk_gateway.runtime.logs import Repeats

_SHOWN_BYTES = 400
"""Of a payload that is kept for a complaint that may come later."""


class Inbound:
    """Writes what topics say.

    Args:
        outflows: bindings out, by pin; one that goes both ways is there too.
    """

    def __init__(
        self,
        parts: MqttParts,
        rules: Iterable[Rule],
        outflows: Mapping[tuple[str, str], Sequence[Outflow]],
        complaints: Complaints,
        pauses: Pauses,
        fuses: Fuses,
        presence: Presence,
    ) -> None:
        self._outlet: Outlet | None = None
        self._connected_at = 0.0
        self._heard = Heard()
        self._store = parts.store
        self._registry = parts.registry
        self._clock = parts.clock
        self._health = parts.health
        self._outflows = outflows
        self._complaints = complaints
        self._pauses = pauses
        self._fuses = fuses
        self._presence = presence
        self._unknown = Repeats(parts.clock)
        self._standings: dict[tuple[str, str], Standing] = {}
        self._by_filter: defaultdict[str, list[Rule]] = defaultdict(list)
        for rule in rules:
            self._by_filter[rule.topic].append(rule)
            if rule.device:
                self._standing(PinAddress(rule.device, rule.pin))

    def subscriptions(self) -> Iterable[Subscription]:
        """One for each filter: its bindings share the decoded payload."""
        for filter_, rules in self._by_filter.items():
            qos = max(rule.options.qos for rule in rules)
            yield Subscription(filter_, partial(self._received, rules), qos)

    def connected(self, outlet: Outlet) -> None:
        """We have told what stands here, and complain there from now on."""
        if self._outlet is None:
            self._connected_at = self._clock.monotonic()
        self._outlet = outlet

    def disconnected(self) -> None:
        """What was said will be said again."""
        self._outlet = None
        self._heard.disconnected()

    def changed(self, change: PinChange) -> None:
        """Note what stands in a pin now."""
        standing = self._standings.get((change.device, change.pin))
        if standing is not None:
            origin = change.origin
            by = origin.id if origin.kind is OriginKind.BINDING else None
            standing.follow(change.seq, change.value, by, self._clock.monotonic())

    def removed(self, change: DefinitionChange) -> None:
        """Forget a device that is gone."""
        for address in [one for one in self._standings if one[0] == change.device]:
            del self._standings[address]
        self._heard.removed(change.device)

    def _received(self, rules: Sequence[Rule], message: Message) -> None:
        if not message.payload:
            # So a retained message is cleared: the topic says nothing any more.
            return
        document = Document(message.payload)
        for rule in rules:
            device = rule.device
            try:
                device = rule.device_of(message.topic)
                self._note_life(device, message)
                texts = rule.read(document)
                if texts is None:
                    self._health.count("mqtt_binding_without_value")
                else:
                    self._take(rule, PinAddress(device, rule.pin), texts, message)
            except UnknownDevice as error:
                # A filter takes in devices by the dozen that nobody wants here.
                if self._unknown.allow(device) is not None:
                    self._complaints.complain(self._outlet, None, message, error)
            except GatewayError as error:
                self._complaints.complain(self._outlet, device or None, message, error)

    def _note_life(self, device: str, message: Message) -> None:
        known = self._registry.get(device)
        # A board that logs in itself is not there because a topic commands one of its pins.
        if not message.is_retained and not known.info:
            self._presence.heard(device)

    def _take(self, rule: Rule, address: PinAddress, texts: PinValue, message: Message) -> None:
        value = rule.inward(texts)
        datastream = self._store.find_datastream(*address)
        if datastream is not None:
            value = datastream.accept(value)
        arrival = _Arrival(
            rule, address, texts, value, message._replace(payload=message.payload[:_SHOWN_BYTES])
        )
        verdict = self._judge(arrival)
        if verdict is not Verdict.SUSPECT:
            self._heard.note(arrival.source, key_of(value))
        # A later message overrules the one that waits.
        self._pauses.cancel(arrival.key)
        match verdict:
            case Verdict.NEWS:
                self._write(arrival, rule.id)
            case Verdict.SUSPECT:
                self._put_off(arrival)
            case Verdict.ECHO:
                self._health.count("mqtt_binding_echoes")

    def _judge(self, arrival: "_Arrival") -> Verdict:
        now = self._clock.monotonic()
        rule, texts, state = arrival.rule, arrival.texts, self._state(arrival.address)
        key = key_of(arrival.value)
        outflows = self._outflows.get(arrival.address, ())
        if rule.is_both:
            own = next(one for one in outflows if one.rule is rule)
            return Verdict.NEWS if own.takes(texts, state, now) else Verdict.ECHO
        if any(one.said(texts, state.seq) for one in outflows):
            return Verdict.ECHO
        is_same = key == key_of(state.value)
        is_repeated = self._heard.is_repeated(arrival.source, key)
        if arrival.message.is_retained:
            # It tells how things were left, and counts like any other. But what the pin has already
            # is no event, and what the far end is told only now goes before what it said.
            commands = [one for one in outflows if one.is_partner(rule.origin)]
            is_older = any(one.goes_first(state.seq) for one in commands)
            # Who is not commanded may follow our own topics, and will have heard those.
            if is_same or is_older or (is_repeated and not commands):
                return Verdict.ECHO
        elif is_repeated and not is_same and self._is_new_here(now):
            # So speaks who has come back with us and has not heard us yet.
            return Verdict.SUSPECT
        standing = self._standing(arrival.address)
        standing.follow(state.seq, state.value, None, now)
        return standing.judge(arrival.value, rule.id, now)

    def _is_new_here(self, now: float) -> bool:
        return self._outlet is None or now - self._connected_at < ECHO_S

    def _put_off(self, arrival: "_Arrival") -> None:
        """Write it after a pause, if nothing happens to the pin or on the topic until then."""
        seq = self._state(arrival.address).seq

        def settle() -> None:
            if self._outlet is None:
                # Nobody can have followed what we did not tell yet.
                self._pauses.begin(arrival.key, settle)
                return
            self._heard.note(arrival.source, key_of(arrival.value))
            if self._state(arrival.address).seq != seq:
                return
            try:
                # As if it had been written here: when it comes back it is an echo.
                self._write(arrival, None)
            except GatewayError as error:
                device = arrival.address.device
                self._complaints.complain(self._outlet, device, arrival.message, error)

        self._health.count("mqtt_binding_put_off")
        self._pauses.begin(arrival.key, settle)

    def _write(self, arrival: "_Arrival", by: str | None) -> None:
        rule, address = arrival.rule, arrival.address
        datastream = self._store.find_datastream(*address)
        # What nobody may command has the topic as its source.
        is_source = datastream is not None and not datastream.is_writable
        intent = Intent.REPORT if is_source else Intent.COMMAND
        prior = self._state(address).seq
        try:
            change = self._store.write(*address, arrival.value, rule.origin, intent)
        except TooManyCommands:
            self._fuses.blown(rule.id)
            self._put_off(arrival)
            raise
        assert change is not None, "only a SYNC may be dropped"
        now = self._clock.monotonic()
        self._standing(address).follow(change.seq, change.value, by, now)
        for one in self._outflows.get(address, ()):
            if one.rule is rule:
                one.skip(change.seq, arrival.texts, now)
            elif one.is_partner(rule.origin) and not one.is_new(prior):
                # Here, as everything may be published anew before this change is followed; then it
                # would be taken for one that is still to be told.
                with suppress(InvalidValue):
                    one.skip(change.seq, one.rule.outward(change.value), now)

    def _standing(self, address: PinAddress) -> Standing:
        standing = self._standings.get(address)
        if standing is None:
            state = self._state(address)
            standing = Standing(state.seq, state.value, self._clock.monotonic())
            self._standings[address] = standing
        return standing

    def _state(self, address: PinAddress) -> PinState:
        return self._store.find(*address) or PinState(address.pin, (), 0, 0, None)


class _Arrival(NamedTuple):
    """What a message says of one pin: in its own words, and as a value."""

    rule: Rule
    address: PinAddress
    texts: PinValue
    value: PinValue
    message: Message

    @property
    def key(self) -> tuple[str, PinAddress]:
        """Of its pause."""
        return (self.rule.id, self.address)

    @property
    def source(self) -> Source:
        """Who says it."""
        return Source(self.rule.id, self.address, self.message.topic)
