"""From pins to topics."""

from collections.abc import Mapping, Sequence

from blynk_gateway.broker.message import Message
from blynk_gateway.core.change import PinChange
from blynk_gateway.core.stream import PinState
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import InvalidValue
from blynk_gateway.mqtt.bindings.echoes import Verdict
from blynk_gateway.mqtt.bindings.fuse import Fuses
from blynk_gateway.mqtt.bindings.outflow import Outflow, may_come_round
from blynk_gateway.mqtt.bindings.pauses import Pauses
from blynk_gateway.mqtt.commands.complaints import Complaints
from blynk_gateway.mqtt.feature import MqttParts, Outlet
from blynk_gateway.mqtt.payload import value_payload


class Outbound:
    """Publishes what pins take.

    Args:
        outflows: bindings out, by pin.
    """

    def __init__(
        self,
        parts: MqttParts,
        outflows: Mapping[tuple[str, str], Sequence[Outflow]],
        complaints: Complaints,
        pauses: Pauses,
        fuses: Fuses,
    ) -> None:
        self._store = parts.store
        self._clock = parts.clock
        self._health = parts.health
        self._outflows = outflows
        self._complaints = complaints
        self._pauses = pauses
        self._fuses = fuses

    async def connected(self, outlet: Outlet) -> None:
        """Publish what the far ends do not have.

        Retained messages are published anew, as a broker may have forgotten them. Others are events
        and only published if the pin was changed since; at the start of the program nothing is.
        """
        for address, outflows in self._outflows.items():
            for outflow in outflows:
                state = self._store.find(*address)
                if state is not None and state.value:
                    self._catch_up(outflow, state, outlet)
                    await outlet.room()

    def changed(self, change: PinChange, outlet: Outlet) -> None:
        """Follow a change of a pin."""
        for outflow in self._outflows.get((change.device, change.pin), ()):
            # What was written by the binding itself, or published since, is dealt with already.
            if outflow.is_new(change.seq):
                self._follow(outflow, change, outlet)

    def disconnected(self) -> None:
        """What was not acknowledged is published on the next connection."""
        for outflows in self._outflows.values():
            for outflow in outflows:
                outflow.disconnected()

    def _follow(self, outflow: Outflow, change: PinChange, outlet: Outlet) -> None:
        texts = self._texts(outflow, change.value, outlet)
        now = self._clock.monotonic()
        if texts is None:
            outflow.skip(change.seq)
        elif outflow.is_partner(change.origin):
            outflow.skip(change.seq, texts, now)
        elif not may_come_round(change.origin):
            self._send(outflow, texts, change.seq, outlet)
        else:
            self._pass_on(outflow, texts, change.seq, outlet)

    def _pass_on(self, outflow: Outflow, texts: PinValue, seq: int, outlet: Outlet) -> None:
        """Publish what came by the broker, unless it has come round."""
        now = self._clock.monotonic()
        match outflow.judge(texts, now):
            case Verdict.ECHO:
                self._health.count("mqtt_binding_echoes")
                outflow.skip(seq)
            case Verdict.SUSPECT:
                self._put_off(outflow, seq, outlet)
            case Verdict.NEWS if outflow.passes(now):
                self._send(outflow, texts, seq, outlet)
            case Verdict.NEWS:
                self._fuses.blown(outflow.rule.id)
                self._put_off(outflow, seq, outlet)

    def _put_off(self, outflow: Outflow, seq: int, outlet: Outlet) -> None:
        """Publish what the pin has after a pause, if the far end was told otherwise."""
        outflow.defer(seq)

        def settle() -> None:
            state = self._store.find(outflow.rule.device, outflow.rule.pin)
            if state is None or not state.value:
                return
            texts = self._texts(outflow, state.value, outlet)
            if texts is not None and outflow.owes(texts, state.seq):
                self._send(outflow, texts, state.seq, outlet)

        self._health.count("mqtt_binding_put_off")
        self._pauses.begin(outflow, settle)

    def _catch_up(self, outflow: Outflow, state: PinState, outlet: Outlet) -> None:
        texts = self._texts(outflow, state.value, outlet)
        if texts is None:
            return
        options = outflow.rule.options
        is_restated = options.retain and not outflow.rule.is_both
        if is_restated or outflow.owes(texts, state.seq):
            self._send(outflow, texts, state.seq, outlet)
        elif options.retain:
            self._fill(outflow, outlet)

    def _fill(self, outflow: Outflow, outlet: Outlet) -> None:
        """Give a shared topic our value, if it has none."""

        def fill() -> None:
            state = self._store.find(outflow.rule.device, outflow.rule.pin)
            if state is None or not state.value or outflow.is_heard:
                return
            texts = self._texts(outflow, state.value, outlet)
            if texts is not None:
                self._send(outflow, texts, state.seq, outlet)

        self._pauses.begin(outflow, fill)

    def _send(self, outflow: Outflow, texts: PinValue, seq: int, outlet: Outlet) -> None:
        self._pauses.cancel(outflow)
        outflow.send(outlet, texts, seq, self._clock.monotonic())

    def _texts(self, outflow: Outflow, value: PinValue, outlet: Outlet) -> PinValue | None:
        """The words for a value, None after a complaint."""
        try:
            return outflow.rule.outward(value)
        except InvalidValue as error:
            message = Message(outflow.rule.topic, value_payload(value).encode())
            self._complaints.complain(outlet, outflow.rule.device, message, error)
            return None
