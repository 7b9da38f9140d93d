"""The 5-byte header: one frame to bytes, and the limits of framing.

A frame is type (1 byte), message id (2), length (2, big-endian) and a body of that length. In a
RESPONSE the length field carries the status and no body follows. Decoding of a stream is in
`connection.py`, where one pass over a chunk also reads the pin writes.

Source: BlynkProtocolDefs.h of blynk-library, the same in every version from 0.2 to 1.4.0.
"""

from __future__ import annotations

import struct

from blynk_gateway.errors import LocalProtocolError
from blynk_gateway.protocol.commands import Command

HEADER = struct.Struct(">BHH")
HEADER_BYTES = HEADER.size

MAX_BODY_BYTES = 65_535
"""What the length field can say. The documentation promises 2^15, no decoder enforces it."""

MAX_MESSAGE_ID = 65_535

MAX_LOGIN_BODY_BYTES = 256
"""A token has 32 characters in every client known; strangers must not make us buffer more."""


def encode_frame(command: int, message_id: int, body: bytes = b"") -> bytes:
    """One frame with a body, ready to be written in a single piece.

    Args:
        command: any type but RESPONSE.
        message_id: 1 to 65535. Clients hang up on id 0.
        body: at most 65535 bytes.

    Raises:
        LocalProtocolError: an argument is out of range.
    """
    if command == Command.RESPONSE:
        msg = "frame: RESPONSE has no body. Expected another command; use encode_response"
        raise LocalProtocolError(msg)
    _check_message_id(message_id)
    if len(body) > MAX_BODY_BYTES:
        msg = (
            f"frame: the body has {len(body)} bytes. Expected at most {MAX_BODY_BYTES};"
            " send fewer values at once"
        )
        raise LocalProtocolError(msg)
    return HEADER.pack(command, message_id, len(body)) + body


def encode_response(message_id: int, status: int) -> bytes:
    """The answer to frame `message_id`; status 0 to 65535.

    Raises:
        LocalProtocolError: the id is out of range.
    """
    _check_message_id(message_id)
    return HEADER.pack(Command.RESPONSE, message_id, status)


def _check_message_id(message_id: int) -> None:
    if not 1 <= message_id <= MAX_MESSAGE_ID:
        msg = (
            f"frame: message id {message_id}. Expected 1 to {MAX_MESSAGE_ID};"
            " clients hang up on id 0"
        )
        raise LocalProtocolError(msg)
