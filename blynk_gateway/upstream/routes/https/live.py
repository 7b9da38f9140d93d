"""Values that are so now, by `batch/update`: the values of a request share its time.

A request is one message of a quota. A pin stands in it once, and what an address can hold limits
it.
"""

from collections.abc import Container, Sequence

from blynk_gateway.core.value import MAX_PARAMETER_BYTES, encode_value
from blynk_gateway.upstream.route import Refusal, Write
from blynk_gateway.upstream.routes.https.answers import Blame, Complaint
from blynk_gateway.upstream.routes.https.calls import HttpsCalls, query_text
from blynk_gateway.upstream.routes.https.refused import RefusedPins, Verdicts

MAX_QUERY_BYTES = 1900
"""Of an address, so that any server or proxy takes it. A longer value goes alone."""


class LiveValues:
    """Sends them."""

    def __init__(self, calls: HttpsCalls, refused: RefusedPins) -> None:
        self._calls = calls
        self._refused = refused

    def cost(self, writes: Sequence[Write]) -> int:
        """Requests, if all are taken."""
        return len(self._requests(writes, self._hopeless(writes)))

    async def send(self, writes: Sequence[Write]) -> list[Refusal]:
        """Return when all have arrived but those that are refused.

        Raises:
            PeerError: as `Route.send_live`.
        """
        hopeless = self._hopeless(writes)
        verdicts = Verdicts(Refusal(at, reason) for at, reason in hopeless.items())
        requests = self._requests(writes, hopeless)
        with self._calls.planned(len(requests)):
            for request in requests:
                await self._send(writes, request, verdicts)
        return verdicts.result()

    async def _send(self, writes: Sequence[Write], request: list[int], verdicts: Verdicts) -> None:
        waiting = [request]
        while waiting:
            ats = waiting.pop()
            fields = [field for at in ats for field in _fields(writes[at])]
            try:
                await self._calls.tell("batch/update", *fields)
            except Complaint as complaint:
                # One bad value makes it refuse all of them.
                middle = len(ats) // 2
                if middle:
                    waiting += [ats[middle:], ats[:middle]]
                    continue
                self._note(writes[ats[0]].pin, complaint)
                verdicts.refuse(ats, complaint)
            else:
                verdicts.arrived()
                self._refused.apart.difference_update(writes[at].pin for at in ats)

    def _note(self, pin: str, complaint: Complaint) -> None:
        if complaint.blame is Blame.PIN:
            self._refused.hold(pin, complaint.reason)
        else:
            self._refused.apart.add(pin)

    def _hopeless(self, writes: Sequence[Write]) -> dict[int, str]:
        found = {}
        for at, (pin, value) in enumerate(writes):
            reason = self._refused.reason(pin)
            longest = max(len(encode_value((text,))) for text in value)
            if reason is None and longest > MAX_PARAMETER_BYTES:
                reason = f"{longest} bytes; expected at most {MAX_PARAMETER_BYTES}"
            if reason is not None:
                found[at] = reason
        return found

    def _requests(self, writes: Sequence[Write], left_out: Container[int]) -> list[list[int]]:
        """Which writes go together, by index, in order."""
        requests: list[list[int]] = []
        pins: set[str] = set()
        room = 0
        for at, write in enumerate(writes):
            if at in left_out:
                continue
            size = len(query_text(_fields(write))) + 1
            is_apart = write.pin in self._refused.apart
            if is_apart or write.pin in pins or size > room:
                requests.append([])
                pins, room = set(), MAX_QUERY_BYTES
            requests[-1].append(at)
            pins.add(write.pin)
            room = 0 if is_apart else room - size
        return requests


def _fields(write: Write) -> list[tuple[str, str]]:
    """A value of several parameters repeats the pin."""
    return [(write.pin, text) for text in write.value]
