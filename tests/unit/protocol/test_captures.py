"""Conversations of stock clients with the Java server, replayed against `ServerConnection`.

The client's bytes come from the capture. Answers that depend on stored state or on HTTP are handed
to the connection as the owner would, with the values Java sent; what the connection does by itself
(login, info, ping, refusals, order, ids) must then equal Java's frames. The exceptions:

* Java sends the pin modes of the project with the login answer. Ours wait until the info was
  answered, since blynklib 0.2.6 takes the frame after the login answer for that.
* Java closes no refused connection and ours leaves closing to its owner: no frame either way.
"""

import re
from pathlib import Path

import pytest

from blynk_gateway.protocol.commands import Command, Status
from blynk_gateway.protocol.events import AnswerDue, LoginRequested, PropertySet, ServerEvent
from blynk_gateway.protocol.messages import find_write, split_body
from blynk_gateway.protocol.server import ServerConnection
from tests.helpers.wire import Chunk, Frame, read_capture, split_frames

CAPTURES = sorted(Path(__file__).parents[2].joinpath("data", "captures").glob("*-*.txt"))


def conversations() -> list[tuple[str, list[Chunk]]]:
    found = []
    for path in CAPTURES:
        chunks = read_capture(path)
        for number in sorted({chunk.connection for chunk in chunks}):
            own = [chunk for chunk in chunks if chunk.connection == number]
            found.append((f"{path.stem}#{number}", own))
    return found


CONVERSATIONS = conversations()


class Replay:
    """An owner that knows the tokens of the captured project and says what Java said."""

    def __init__(self, start: float) -> None:
        self.server = ServerConnection(start)
        self.clock = start
        self.events: list[ServerEvent] = []
        self.sent: list[Frame] = []

    def take(self, chunk: Chunk) -> None:
        self.flush_until(chunk.at_s)
        if chunk.is_from_client:
            self.handle(self.server.receive_data(chunk.data, chunk.at_s), chunk.at_s)
        else:
            for frame in split_frames(chunk.data):
                self.repeat(frame)
        self.flush_until(chunk.at_s)

    def handle(self, events: list[ServerEvent], now: float) -> None:
        self.events += events
        for event in events:
            if isinstance(event, LoginRequested):
                if event.token.startswith("dash"):
                    self.server.accept_login(event.message_id, now)
                    self.handle(self.server.receive_data(b"", now), now)
                else:
                    self.server.refuse_login(event.message_id, Status.INVALID_TOKEN)
            elif isinstance(event, AnswerDue):
                self.server.respond(event.message_id, event.status)
            elif isinstance(event, PropertySet):
                self.server.respond(event.message_id, Status.OK)

    def repeat(self, frame: Frame) -> None:
        """Send what Java's state made it send; responses must have come by themselves."""
        if frame.command == Command.RESPONSE:
            return
        assert frame.command == Command.HARDWARE
        parts = split_body(frame.body)
        if parts[0] == "pm":
            assert self.server.send_hardware(*parts)
        else:
            write = find_write(parts)
            assert write is not None
            assert self.server.send_pin(*write, message_id=frame.message_id)

    def flush_until(self, now: float) -> None:
        """Write what is due; paced frames come one by one."""
        due: float | None = self.clock
        while due is not None and due <= now:
            self.clock = due
            self.sent += split_frames(b"".join(self.server.data_to_send(due)))
            due = self.server.next_timeout(due) if self.server.backlog else None
        self.clock = now
        self.sent += split_frames(b"".join(self.server.data_to_send(now)))


def java_frames(chunks: list[Chunk]) -> list[Frame]:
    """What Java sent, with the pin modes moved behind the answer to the info."""
    frames = split_frames(b"".join(chunk.data for chunk in chunks if not chunk.is_from_client))
    for index, frame in enumerate(frames[:-1]):
        if frame.body.startswith(b"pm\0"):
            frames[index : index + 2] = [frames[index + 1], frame]
            break
    return frames


@pytest.mark.parametrize(("name", "chunks"), CONVERSATIONS, ids=[name for name, _ in CONVERSATIONS])
def test_stock_client_gets_the_answers_of_the_java_server(name: str, chunks: list[Chunk]) -> None:
    replay = Replay(chunks[0].at_s)
    for chunk in chunks:
        replay.take(chunk)
    replay.flush_until(chunks[-1].at_s + 5.0)
    assert replay.sent == java_frames(chunks)
    assert replay.server.frames_refused == 0
    assert replay.server.frames_ignored == 0


@pytest.mark.parametrize(("name", "chunks"), CONVERSATIONS, ids=[name for name, _ in CONVERSATIONS])
def test_captured_client_never_meets_a_timeout(name: str, chunks: list[Chunk]) -> None:
    replay = Replay(chunks[0].at_s)
    for chunk in chunks:
        assert replay.server.handle_timeout(chunk.at_s) == []
        replay.take(chunk)


def test_captures_cover_five_clients() -> None:
    clients = {re.sub(r"-\d\d-.*", "", path.stem) for path in CAPTURES}
    assert len(CAPTURES) == 26
    assert clients == {
        "blynk-library-python-0.2.0",
        "blynklib-0.2.6",
        "cpp-0.6.1",
        "cpp-1.4.0",
        "npm-blynk-library-0.5.4",
    }
