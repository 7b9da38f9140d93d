"""A tap on a device connection, whatever comes over the wire and however it is cut."""

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.blynk_server.frame_log import MAX_TEXT, FrameLog, Ring, Tap
from blynk_gateway.core.ports import FrameRecord
from blynk_gateway.protocol.commands import LOGINS, Command
from blynk_gateway.protocol.frames import encode_frame, encode_response
from tests.helpers.clock import FakeClock

frames = st.one_of(
    st.builds(
        encode_frame,
        st.sampled_from([command for command in Command if command != Command.RESPONSE])
        | st.integers(1, 99),
        st.integers(1, 65_535),
        st.binary(max_size=40) | st.text(max_size=300).map(str.encode),
    ),
    st.builds(encode_response, st.integers(1, 65_535), st.integers(0, 65_535)),
)


def tapped(chunks: list[bytes], unfinished: bytes = b"") -> list[FrameRecord]:
    connection: Any = SimpleNamespace(
        wire=SimpleNamespace(unfinished=unfinished),
        context=SimpleNamespace(clock=FakeClock()),
        peer="10.0.0.1:1",
    )
    ring = Ring(FrameLog())
    tap = Tap(connection, ring)
    for chunk in chunks:
        tap.received(memoryview(chunk))
    return list(ring.frames)


@given(st.lists(frames, max_size=10), st.lists(st.integers(0, 500), max_size=8))
def test_any_cut_gives_the_same_frames(sent: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(sent)
    whole = tapped([stream])
    assert len(whole) == len(sent)
    borders = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    chunks = [stream[a:b] for a, b in pairwise(borders)]
    assert tapped(chunks) == whole
    assert tapped(chunks[1:], unfinished=chunks[0]) == whole


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_any_bytes_raise_nothing_and_show_a_short_printable_line(chunks: list[bytes]) -> None:
    for frame in tapped(chunks):
        assert frame.text.isprintable()
        assert len(frame.text) <= MAX_TEXT + 1


@given(st.sampled_from(sorted(LOGINS)), st.text("0123456789abcdef", min_size=8, max_size=64))
def test_a_token_is_never_shown(command: int, token: str) -> None:
    (login, bridge) = tapped(
        [
            encode_frame(command, 1, token.encode()),
            encode_frame(Command.BRIDGE, 2, b"64\0i\0" + token.encode()),
        ]
    )
    for frame in (login, bridge):
        assert token[:4] in frame.text
        assert token[:5] not in frame.text
