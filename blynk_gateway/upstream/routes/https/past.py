"""Values that were so, by a POST to `batch/update` with their times: one pin in a request."""

import asyncio
from collections.abc import Callable, Sequence

from blynk_gateway.core.datastream import Datastream
from blynk_gateway.upstream.route import Past, Refusal
from blynk_gateway.upstream.routes.https.answers import Blame, Complaint
from blynk_gateway.upstream.routes.https.calls import HttpsCalls
from blynk_gateway.upstream.routes.https.points import Form, bodies_of, body_of, by_type, forms
from blynk_gateway.upstream.routes.https.refused import RefusedPins, Verdicts

MAX_TRIES = 20
"""Requests after which no more is searched for bad points among those of one: parts that are
refused then are given up whole. With the last parts that is less than the server takes in a second:
its limit must not make all of this begin anew for ever."""

INLINE_POINTS = 500
"""So many are faster encoded than a thread is woken for them."""


class PastPoints:
    """Sends them.

    Args:
        datastream_of: what is known here of a pin, by its name above.
    """

    def __init__(
        self,
        calls: HttpsCalls,
        refused: RefusedPins,
        datastream_of: Callable[[str], Datastream | None],
    ) -> None:
        self._calls = calls
        self._refused = refused
        self._datastream_of = datastream_of
        self._forms: dict[str, tuple[Form, ...]] = {}

    def cost(self, points: Sequence[Past]) -> int:
        """Requests, if all are taken."""
        return len(bodies_of(points, self._hopeless(points)))

    async def send(self, points: Sequence[Past]) -> list[Refusal]:
        """Return when all have arrived but those that are refused.

        Raises:
            PeerError: as `Route.send_past`.
        """
        hopeless = self._hopeless(points)
        verdicts = Verdicts(Refusal(at, reason) for at, reason in hopeless.items())
        bodies = bodies_of(points, hopeless)
        with self._calls.planned(len(bodies)):
            for ats in bodies:
                await self._send(points, ats, verdicts)
        return verdicts.result()

    async def _send(self, points: Sequence[Past], body: list[int], verdicts: Verdicts) -> None:
        waiting, tries = [body], 0
        while waiting:
            ats = waiting.pop()
            complaint, requests = await self._try([points[at] for at in ats])
            tries += requests
            if complaint is None:
                verdicts.arrived()
            elif complaint.blame is Blame.PIN:
                self._refused.hold(points[ats[0]].pin, complaint.reason)
                verdicts.refuse([at for part in (ats, *waiting) for at in part], complaint)
                return
            elif len(ats) == 1 or tries >= MAX_TRIES:
                verdicts.refuse(ats, complaint)
            else:
                waiting += reversed(_parts(points, ats, complaint))

    async def _try(self, points: Sequence[Past]) -> tuple[Complaint | None, int]:
        """Send them in one form or the other; what was said of the first, and requests made."""
        pin = points[0].pin
        refused: dict[bytes, Complaint] = {}
        for form in self._forms.get(pin) or forms(self._datastream_of(pin)):
            body = await _encoded(points, form)
            if body in refused:
                continue
            try:
                await self._calls.give("batch/update", ("pin", pin), body=body)
            except Complaint as complaint:
                refused[body] = complaint
                if complaint.blame is not Blame.TYPE:
                    break
            else:
                if refused:
                    self._forms[pin] = (form,)
                return None, len(refused) + 1
        return next(iter(refused.values())), len(refused)

    def _hopeless(self, points: Sequence[Past]) -> dict[int, str]:
        reasons = {pin: self._refused.reason(pin) for pin in {point.pin for point in points}}
        return {
            at: reason
            for at, point in enumerate(points)
            if (reason := reasons[point.pin]) is not None
        }


def _parts(points: Sequence[Past], ats: list[int], complaint: Complaint) -> list[list[int]]:
    if complaint.blame is Blame.TYPE and len(found := by_type(points, ats)) > 1:
        return found
    middle = len(ats) // 2
    return [ats[:middle], ats[middle:]]


async def _encoded(points: Sequence[Past], form: Form) -> bytes:
    if len(points) <= INLINE_POINTS:
        return body_of(points, form)
    return await asyncio.to_thread(body_of, points, form)
