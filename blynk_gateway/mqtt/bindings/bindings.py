"""All bindings of foreign topics to pins, as one feature.

Nothing here may run in circles, whatever other gateways and programs on the broker do:

1. What a binding brings is not sent back to its topic, nor to the one of its commands.
2. A value that a pin has, or this gateway published, within `ECHO_S` and that comes from elsewhere
   is an echo: dropped if it still stands. If something else stands by now nobody can tell an echo
   from a far end that changed its mind. It waits for a moment of quiet, of random length, and the
   last word counts if it still differs: so two that wrote at the same moment end with one value
   instead of swapping theirs.
3. On a topic that goes both ways the last message in the broker's order counts, for everyone.
4. What remains, and is fast, ends at a fuse, which says so.
"""

from collections import defaultdict
from collections.abc import Iterable

from blynk_gateway.broker.message import Subscription
from blynk_gateway.core.change import Change, DefinitionChange, Origin, OriginKind, PinChange
from blynk_gateway.mqtt.bindings.fuse import Fuses
from blynk_gateway.mqtt.bindings.inbound import Inbound
from blynk_gateway.mqtt.bindings.outbound import Outbound
from blynk_gateway.mqtt.bindings.outflow import Outflow
from blynk_gateway.mqtt.bindings.pauses import CallLater, Pauses
from blynk_gateway.mqtt.bindings.rule import Rule
from blynk_gateway.mqtt.commands.complaints import Complaints
from blynk_gateway.mqtt.feature import MqttParts, Outlet
from blynk_gateway.mqtt.presence import Presence

_ORIGIN = Origin(OriginKind.MQTT)


class Bindings:
    """Follows every binding.

    Made when values are restored: what stands in pins then is not told anew to who does not retain.

    Args:
        call_later: the loop's, unless given.
    """

    def __init__(
        self, parts: MqttParts, complaints: Complaints, call_later: CallLater | None = None
    ) -> None:
        rules = [Rule(options) for options in parts.options.bindings]
        self._pauses = Pauses(call_later)
        self._fuses = Fuses(parts.health, self._pauses)
        self._presence = Presence(parts.registry, parts.clock, _ORIGIN)
        outflows = _outflows(parts, rules)
        self._inbound = Inbound(
            parts,
            [rule for rule in rules if rule.is_in],
            outflows,
            complaints,
            pauses=self._pauses,
            fuses=self._fuses,
            presence=self._presence,
        )
        self._outbound = Outbound(parts, outflows, complaints, self._pauses, self._fuses)

    def subscriptions(self) -> Iterable[Subscription]:
        """The topics that feed pins."""
        return self._inbound.subscriptions()

    async def connected(self, outlet: Outlet) -> None:
        """Publish what the far ends do not have."""
        self._inbound.connected(outlet)
        await self._outbound.connected(outlet)

    def changed(self, change: Change, outlet: Outlet) -> None:
        """Follow a change of a pin."""
        if type(change) is PinChange:
            self._inbound.changed(change)
            self._outbound.changed(change, outlet)
        elif type(change) is DefinitionChange and change.definition is None:
            self._inbound.removed(change)

    def disconnected(self) -> None:
        """Forget what was under way."""
        self._inbound.disconnected()
        self._pauses.clear()
        self._fuses.clear()
        self._presence.disconnected()
        self._outbound.disconnected()


def _outflows(parts: MqttParts, rules: list[Rule]) -> dict[tuple[str, str], list[Outflow]]:
    outflows: defaultdict[tuple[str, str], list[Outflow]] = defaultdict(list)
    writers: defaultdict[tuple[str, str], list[Rule]] = defaultdict(list)
    for rule in rules:
        if rule.is_in:
            writers[rule.device, rule.pin].append(rule)
    for rule in rules:
        if rule.is_out:
            address = (rule.device, rule.pin)
            state = parts.store.find(*address)
            # Those that write this pin, and those that name its device by a level of the topic.
            near = (*writers.get(address, ()), *writers.get(("", rule.pin), ()))
            partners = frozenset(one.id for one in near if one.commands(rule.topic, rule.device))
            seq = 0 if state is None else state.seq
            outflows[address].append(Outflow(rule, seq, partners))
    return dict(outflows)
