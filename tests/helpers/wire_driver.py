"""Feeds a server connection with a stream in pieces and notes all that comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from blynk_gateway.errors import RemoteProtocolError
from blynk_gateway.protocol.events import AnswerDue, LoginRequested, ServerEvent
from blynk_gateway.protocol.server import ServerConnection
from tests.helpers.wire import merge_writes

if TYPE_CHECKING:
    from collections.abc import Iterable


class Result(NamedTuple):
    """What a stream did, comparable between different cuts of it."""

    events: list[ServerEvent]
    sent: bytes
    fault: str | None
    counters: tuple[int, int, int]


def drive(pieces: Iterable[bytes]) -> Result:
    """Feed all pieces to a new connection whose owner accepts every login at once.

    Raises:
        Exception: whatever the connection raises besides RemoteProtocolError: a defect.
    """
    server = ServerConnection(0.0)
    events: list[ServerEvent] = []
    fault: str | None = None
    try:
        for piece in pieces:
            news = server.receive_data(piece, 0.0)
            while news:
                event = news.pop(0)
                if isinstance(event, AnswerDue):
                    # Whether an answer is left to the owner depends on what came beside it.
                    server.respond(event.message_id, event.status)
                    continue
                events.append(event)
                if isinstance(event, LoginRequested):
                    server.accept_login(event.message_id, 0.0)
                    news += server.receive_data(b"", 0.0)
        assert server.handle_timeout(0.0) == []
    except RemoteProtocolError as error:
        fault = str(error)
        assert server.receive_data(b"after the end", 0.0) == []
    counters = (server.messages_received, server.frames_ignored, server.frames_refused)
    return Result(merge_writes(events), b"".join(_drain(server)), fault, counters)


def _drain(server: ServerConnection) -> list[bytes]:
    now, frames = 0.0, server.data_to_send(0.0)
    while server.backlog and (due := server.next_timeout(now)) is not None:
        now = due
        frames += server.data_to_send(now)
    return frames
