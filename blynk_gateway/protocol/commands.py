"""Frame types and status codes of the Blynk device protocol.

Numbers and names are those of the device library, not those of the Java server's app protocol,
which gives 21, 41, 55, 64 and 65 other meanings. `docs/reference/protocol.md` is made from here.

Source: BlynkProtocolDefs.h of blynk-library 0.2 to 1.4.0; Response.java of blynk-server 0.41.17.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Self


class _Documented(IntEnum):
    """An integer with a sentence about it; each member is declared as (number, sentence).

    The default is for look-ups by number, `Status(9)`.
    """

    doc: str

    def __new__(cls, number: int, doc: str = "") -> Self:
        member = int.__new__(cls, number)
        member._value_ = number
        member.doc = doc
        return member


class Command(_Documented):
    """Types of frame on a device connection."""

    RESPONSE = 0, "Answer to the frame with this id; the length field is the status, no body."
    LOGIN = 2, "Login of C++ up to 0.6.0, blynklib and PiBlynk: the token."
    PING = 6, "Heartbeat of a device, answered by 200; never sent to a device."
    TWEET = 12, "Text to tweet."
    EMAIL = 13, "Mail: recipient, subject, text, or subject and text."
    NOTIFY = 14, "Text of a push notification."
    BRIDGE = 15, "Bind a bridge pin to another device's token, or write a pin of that device."
    SYNC = 16, "Ask for current values of some pins, or of all; answered by HARDWARE frames."
    INTERNAL = 17, "Device information, time, metadata, app state, reboot, firmware update."
    SMS = 18, "Text of a short message."
    PROPERTY = 19, "Set a widget property of one or several virtual pins."
    HARDWARE = 20, "Write or read a pin, set pin modes; not answered on success."
    GROUP = 21, "Open or close a group of writes which share one time."
    HW_LOGIN = 29, "Login of C++ since 0.6.1, blynk-library-python, JS and Node-RED: the token."
    REDIRECT = 41, "Host and port the device shall connect to instead."
    DEBUG_PRINT = 55, "Text for the device's log."
    EVENT_LOG = 64, "Log an event: code and, optionally, a description."
    EVENT_CLEAR = 65, "Resolve an event, or all events of one code."


class Status(_Documented):
    """Status codes of a RESPONSE frame."""

    OK = 200, "Accepted."
    QUOTA_LIMIT = 1, "Too many messages or notifications."
    ILLEGAL_COMMAND = 2, "Malformed or unsupported."
    NOT_REGISTERED = 3, "Unknown user (app login only)."
    ALREADY_REGISTERED = 4, "Second login on one connection; clients take it as success."
    NOT_AUTHENTICATED = 5, "Not logged in; C++ clients disconnect whenever they see it."
    NOT_ALLOWED = 6, "Not permitted to this device."
    DEVICE_NOT_IN_NETWORK = 7, "The target device is offline."
    NO_ACTIVE_DASHBOARD = 8, "The project is not active."
    INVALID_TOKEN = 9, "Unknown token; C++ since 0.6.0 and JS stop for good."
    ILLEGAL_COMMAND_BODY = 11, "The body has the wrong shape."
    GRAPH_DATA = 12, "Graph data could not be read (app only)."
    NOTIFICATION_INVALID_BODY = 13, "The text is empty or too long."
    NOTIFICATION_NOT_AUTHORIZED = 14, "No channel is set up for this notification."
    NOTIFICATION_ERROR = 15, "The notification could not be delivered."
    TIMEOUT = 16, "Timed out."
    NO_DATA = 17, "There is no data."
    DEVICE_WENT_OFFLINE = 18, "The device went offline (older servers)."
    SERVER_ERROR = 19, "The server failed; try later."
    NOT_SUPPORTED_VERSION = 20, "The client is too old."
    ENERGY_LIMIT = 21, "The legacy app's currency is used up."
    OPERATION_ACCEPT = 23, "Accepted (library 1.0 and later; use not documented)."
    OPERATION_DECLINE = 24, "Declined (library 1.0 and later; use not documented)."


LOGINS = frozenset({Command.LOGIN, Command.HW_LOGIN})
"""The frames that may open a connection; servers treat both alike."""

SAFE_FOR_EVERY_DEVICE = frozenset({Command.RESPONSE, Command.BRIDGE, Command.HARDWARE})
"""What every known client understands."""

SAFE_FOR_SOME_DEVICES = frozenset({Command.INTERNAL, Command.REDIRECT, Command.DEBUG_PRINT})
"""What makes some clients hang up: sent only as `info.Quirks` permits. No other type may be
sent to a device at all."""

FIRST_IMPOSSIBLE_COMMAND = 100
"""Types from here on were never assigned (the Java server closes the socket): the peer is out of
step or no Blynk device. Smaller unknown types are skipped."""
