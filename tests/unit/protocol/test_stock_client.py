"""The stock Python library 0.2.0, which is sans-IO itself, joined to `ServerConnection`."""

from __future__ import annotations

import BlynkLib
import blynklib

from blynk_gateway.protocol.commands import Command, Status
from blynk_gateway.protocol.events import (
    InfoReceived,
    LoginRequested,
    PinsWritten,
    PropertySet,
    ServerEvent,
    SyncRequested,
)
from blynk_gateway.protocol.frames import encode_frame
from blynk_gateway.protocol.info import ClientKind
from blynk_gateway.protocol.server import ServerConnection
from tests.helpers.wire import BLYNKLIB_INFO, TOKEN, open_server


class StockClient(BlynkLib.BlynkProtocol):  # type: ignore[misc]  # the library has no types
    """The unmodified protocol of the library over a buffer."""

    def __init__(self) -> None:
        self.outgoing = bytearray()
        self.heard: list[tuple[str, list[str]]] = []
        super().__init__(TOKEN)
        self.on("V*", lambda pin, value: self.heard.append((pin, value)))

    def _write(self, data: bytes) -> None:
        self.outgoing += data


def converse(client: StockClient, server: ServerConnection) -> list[ServerEvent]:
    """Carry bytes to and fro until both are quiet."""
    events: list[ServerEvent] = []
    while client.outgoing or server.backlog:
        data = bytes(client.outgoing)
        client.outgoing.clear()
        news = server.receive_data(data, 0.0)
        for event in news:
            if isinstance(event, LoginRequested):
                server.accept_login(event.message_id, 0.0)
            elif isinstance(event, PropertySet):
                server.respond(event.message_id, Status.OK)
        events += news
        client.process(b"".join(server.data_to_send(0.0)))
    return events


def logged_in() -> tuple[StockClient, ServerConnection]:
    client, server = StockClient(), ServerConnection(0.0)
    login, info = converse(client, server)
    assert login == LoginRequested(TOKEN, 1)
    assert isinstance(info, InfoReceived)
    assert info.info.kind is ClientKind.PYTHON_0
    assert client.state == BlynkLib.CONNECTED
    return client, server


def test_stock_client_writes_asks_and_sets_properties() -> None:
    client, server = logged_in()
    client.virtual_write(5, 25.5)
    client.virtual_write(6, 1, "two", "°")
    client.sync_virtual(1, 2)
    client.set_property(3, "color", "#23C48E")
    assert converse(client, server) == [
        PinsWritten([("V5", ("25.5",), 3), ("V6", ("1", "two", "°"), 4)]),
        SyncRequested(("V1", "V2"), 5),
        PropertySet(("V3",), "color", ("#23C48E",), 6),
    ]
    assert client.state == BlynkLib.CONNECTED


def test_stock_client_survives_all_that_is_sent_to_it() -> None:
    client, server = logged_in()
    server.send_pin("V1", ("42",))
    server.send_pin("V2", ("a", "°"))
    server.send_pin("V3", ("\udcff",))
    server.send_pin("V4", ("x" * 2000,))
    server.send_bridge("V5", ("5",), 9)
    server.send_internal("acon")
    server.send_internal("dbg", "reboot")
    server.send_debug("hello")
    server.send_redirect("elsewhere", 80)
    server.send_hardware("pm", "4", "out")
    converse(client, server)
    assert client.heard == [("1", ["42"]), ("2", ["a", "°"]), ("5", ["5"])]
    assert client.state == BlynkLib.CONNECTED


def test_blynklib_calls_its_handlers_of_app_states() -> None:
    client = blynklib.Blynk(TOKEN, log=lambda *_: None)
    heard: list[object] = []
    client.handle_event("internal_acon")(lambda *given: heard.append(("acon", *given)))
    client.handle_event("internal_adis")(lambda *given: heard.append(("adis", *given)))
    server = open_server(BLYNKLIB_INFO, Command.LOGIN)
    for now, kind in enumerate(("acon", "adis"), 1):
        assert server.send_internal(kind)
        (frame,) = server.data_to_send(now)
        client.process(*client.parse_response(frame, client.rcv_buffer))
    assert heard == [("acon", []), ("adis", [])]


def test_stock_client_hangs_up_on_what_the_server_refuses_to_send() -> None:
    client, _ = logged_in()
    client.process(encode_frame(Command.DEBUG_PRINT, 1, b"hello"))
    assert client.state == BlynkLib.DISCONNECTED
