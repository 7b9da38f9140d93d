"""One request from end to end: made, sent, judged, and its answer written to a pin.

Success is 2xx, and 302 as the original server has it. Worth another attempt are no answer at all,
408, 429 and 5xx; whatever else is refused would be refused again.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from blynk_gateway import __version__
from blynk_gateway.automations.cause import Cause
from blynk_gateway.automations.placeholders import Placeholders
from blynk_gateway.automations.webhooks.request import Request, make_request
from blynk_gateway.config.webhooks.options import ResponseOptions, WebhookOptions
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import Intent, Origin, OriginKind
from blynk_gateway.core.json_path import texts_at
from blynk_gateway.core.json_text import DIGITS, decode_json
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import GatewayError, InvalidValue, PeerDown
from blynk_gateway.runtime.logs import safe
from blynk_gateway.runtime.parts import Parts

if TYPE_CHECKING:
    from blynk_gateway.automations.webhooks.calls import Answer, Calls

MAX_RETRY_AFTER_S = 300.0

MAX_SHOWN = 500
"""Characters of an answer that people are shown."""

MAX_REASON = 120
"""Characters of an answer that stand in a result."""

UNREAD_BYTES = 16_000
"""How much is read of an answer that goes nowhere: enough to be shown, and to go on with the
connection."""

AGENT = f"blynk-gateway/{__version__}"

_FAULTS = HTTPStatus.INTERNAL_SERVER_ERROR
_LATER = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
_ELSEWHERE = range(300, 400)


class Outcome(NamedTuple):
    """What became of a request; nothing in it is secret.

    Attributes:
        is_ok: it arrived, and its answer is where it was to go.
        may_retry: the same request may succeed later.
        wait_s: how long the server wants to be left alone.
        request: method and URL.
        status: of HTTP, None without an answer.
        result: for people.
        body: beginning of the answer.
    """

    is_ok: bool
    may_retry: bool
    wait_s: float
    request: str
    status: int | None
    result: str
    body: str


class Attempts:
    """Makes requests of any webhook."""

    def __init__(
        self, parts: Parts, placeholders: Placeholders, calls: Callable[[], "Calls"]
    ) -> None:
        self._parts = parts
        self._placeholders = placeholders
        self._calls = calls

    async def make(self, options: WebhookOptions, cause: Cause, rule: str) -> Outcome:
        """Make one request. Never raises but for a cancellation or a bug."""
        request = self._request(options, cause, rule)
        limit = UNREAD_BYTES if options.response is None else options.response.max_bytes
        try:
            answer = await self._calls().send(request, options.timeout_ms / 1000, limit)
        except PeerDown as error:
            return Outcome(False, True, 0.0, request.shown, None, str(error), "")
        text = request.hiding.hide(answer.body.decode("utf-8", "replace"))
        outcome = Outcome(
            is_ok=_is_success(answer),
            may_retry=answer.status in _LATER or answer.status >= _FAULTS,
            wait_s=_seconds(answer.retry_after),
            request=request.shown,
            status=answer.status,
            result=_result(answer, text, request),
            # A secret that the limit cut in two could not be told.
            body=text[:MAX_SHOWN] if answer.is_whole else "",
        )
        if not outcome.is_ok or options.response is None:
            return outcome
        try:
            address, value = self._take(answer, options.response, cause)
            self._write(options.name, address, value, cause)
        except GatewayError as error:
            reason = request.hiding.hide(str(error))
            return outcome._replace(is_ok=False, result=f"{outcome.result}, but {reason}")
        shown = safe(request.hiding.hide(", ".join(value)), MAX_REASON)
        return outcome._replace(result=f"{outcome.result}, {address} = {shown}")

    def _request(self, options: WebhookOptions, cause: Cause, rule: str) -> Request:
        def fill(text: str, escape: Callable[[str], str]) -> str:
            return self._placeholders.fill(text, cause, rule=rule, escape=escape, with_token=True)

        device = self._parts.registry.find(cause.device)
        token = device.definition.token if device else ""
        is_text = self._parts.store.is_text(cause.device, cause.pin)
        return make_request(options, fill, AGENT, token, is_text=is_text)

    def _take(
        self, answer: "Answer", options: ResponseOptions, cause: Cause
    ) -> tuple[PinAddress, PinValue]:
        """What an answer says, and for which pin.

        Raises:
            InvalidValue: it says nothing that can be written.
        """
        address = options.pin or PinAddress(cause.device, cause.pin)
        if not address.device or not address.pin:
            raise InvalidValue("the run is about no pin; expected one for `response: {pin: same}`")
        if not answer.is_whole:
            size = options.max_bytes
            raise InvalidValue(f"the answer has more than {size} bytes; expected fewer")
        try:
            text = answer.body.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise InvalidValue("the answer is no text; expected UTF-8") from None
        if options.json is None:
            return address, (text.rstrip("\r\n"),)
        try:
            document = decode_json(text)
        except ValueError as error:
            raise InvalidValue(f"the answer is no JSON: {error}") from None
        value = texts_at(document, options.json, DIGITS)
        if value is None:
            place = ".".join(map(str, options.json))
            raise InvalidValue(f"the answer has nothing at {place!r}; expected a number or text")
        return address, value

    def _write(self, name: str, address: PinAddress, value: PinValue, cause: Cause) -> None:
        self._parts.store.write(
            address.device,
            address.pin,
            value,
            Origin(OriginKind.AUTOMATION, f"webhook:{name}"),
            # The original sends the answer to the hardware too. Source: blynk-protocol §9.6.
            Intent.COMMAND,
            cause=cause.seq,
            depth=cause.depth + 1,
        )


def _is_success(answer: "Answer") -> bool:
    return answer.status // 100 == HTTPStatus.OK // 100 or answer.status == HTTPStatus.FOUND


def _result(answer: "Answer", text: str, request: Request) -> str:
    reason = safe(request.hiding.hide(answer.reason), MAX_REASON)
    result = f"HTTP {answer.status} {reason}".rstrip()
    if _is_success(answer):
        return result
    if answer.status in _ELSEWHERE and answer.location:
        # The address is not repeated: it may hold what was secret in ours.
        return f"{result}: it sends us elsewhere; expected its right address in `url`"
    said = "" if text.lstrip()[:1] == "<" or not answer.is_whole else " ".join(text.split())
    return f"{result} ({safe(said, MAX_REASON)})" if said else result


def _seconds(text: str) -> float:
    is_number = text.isascii() and text.isdigit()
    return min(float(text), MAX_RETRY_AFTER_S) if is_number else 0.0
