"""Triggers of MQTT messages.

Each message that passes the test fires, unlike a pin's value: the message of a button is the same
each time, and is a press each time. A payload without anything at the JSON path fires nothing.
"""

from blynk_gateway.automations.rules.causes import of_message
from blynk_gateway.automations.rules.comparison import compiled, first_number
from blynk_gateway.automations.rules.watcher import Fire, Stateless
from blynk_gateway.config.automations.options import MessageTrigger, Op
from blynk_gateway.core.json_path import texts_at
from blynk_gateway.core.json_text import DIGITS, Json, decode_json
from blynk_gateway.core.messages import TopicMessage
from blynk_gateway.core.value import SEPARATOR, PinValue
from blynk_gateway.errors import InvalidValue

MAX_JSON_BYTES = 64 * 1024
"""Longest JSON that is looked at: as long as any that bindings take."""

MAX_TEXT_BYTES = 4096
"""Of a payload that is the value itself: as long as any value of a pin."""


class Heard:
    """A message that is decoded once, for all rules that hear it."""

    __slots__ = ("_document", "_is_decoded", "at_ms", "message")

    def __init__(self, message: TopicMessage, at_ms: int) -> None:
        self.message = message
        self.at_ms = at_ms
        self._document: Json = None
        self._is_decoded = False

    @property
    def text(self) -> str:
        """The payload as text; what is no UTF-8 in it shows as U+FFFD, a zero byte as well."""
        text = self.message.payload[:MAX_TEXT_BYTES].decode("utf-8", "replace")
        return text.replace(SEPARATOR, "\N{REPLACEMENT CHARACTER}")

    @property
    def document(self) -> Json:
        """The payload as JSON; None if it is none."""
        if not self._is_decoded:
            self._is_decoded = True
            payload = self.message.payload
            if len(payload) <= MAX_JSON_BYTES:
                try:
                    self._document = decode_json(payload.decode())
                except ValueError:
                    self._document = None
        return self._document


class MessageWatcher(Stateless):
    """Fires at each message that passes."""

    __slots__ = ("_fire", "_judge", "trigger")

    def __init__(self, trigger: MessageTrigger, fire: Fire) -> None:
        self.trigger = trigger
        self._fire = fire
        test = trigger.test
        self._judge = None if test is None or test.op is Op.ANY else compiled(test)

    def see(self, heard: Heard) -> None:
        """Look at a message whose topic fits."""
        value = self._value(heard)
        if value is None:
            return
        if self._judge is None or self._judge(value, first_number(value), False):
            self._fire(of_message(heard.message.topic, value, heard.at_ms))

    def _value(self, heard: Heard) -> PinValue | None:
        path = self.trigger.json
        if path is None:
            return (heard.text,)
        try:
            return texts_at(heard.document, path, DIGITS)
        except InvalidValue:
            # Devices send messages of several shapes to one topic.
            return None
