"""Frames to bytes; the hex is that of the stock clients and the Java server."""

import pytest

from blynk_gateway.errors import LocalProtocolError
from blynk_gateway.protocol.commands import Command, Status
from blynk_gateway.protocol.frames import encode_frame, encode_response


def test_frame_is_header_and_body() -> None:
    assert encode_frame(Command.HARDWARE, 77, b"vw\x001\x0042") == bytes.fromhex(
        "14 00 4d 00 07 76 77 00 31 00 34 32"
    )
    assert encode_frame(Command.PING, 7) == bytes.fromhex("06 00 07 00 00")


def test_response_carries_its_status_as_length() -> None:
    assert encode_response(2, Status.OK) == bytes.fromhex("00 00 02 00 c8")
    assert encode_response(65535, Status.INVALID_TOKEN) == bytes.fromhex("00 ff ff 00 09")


@pytest.mark.parametrize("message_id", [0, -1, 65536])
def test_impossible_message_id_is_our_own_fault(message_id: int) -> None:
    with pytest.raises(LocalProtocolError, match=f"message id {message_id}"):
        encode_frame(Command.HARDWARE, message_id, b"")
    with pytest.raises(LocalProtocolError, match=f"message id {message_id}"):
        encode_response(message_id, Status.OK)


def test_body_up_to_the_length_field_is_legal_and_no_more() -> None:
    assert len(encode_frame(Command.HARDWARE, 1, bytes(65535))) == 65540
    with pytest.raises(LocalProtocolError, match="65536 bytes"):
        encode_frame(Command.HARDWARE, 1, bytes(65536))


def test_response_with_a_body_is_our_own_fault() -> None:
    with pytest.raises(LocalProtocolError, match="encode_response"):
        encode_frame(Command.RESPONSE, 1, b"200")
