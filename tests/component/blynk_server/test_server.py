import asyncio
import socket
import ssl
import sys
import threading
from pathlib import Path

import pytest

from blynk_gateway.blynk_server.listeners import BACKLOG, AddressUnavailable
from blynk_gateway.config.options import Address, ServerOptions, TlsOptions
from blynk_gateway.protocol.frames import encode_frame
from blynk_gateway.runtime.health import HealthState
from blynk_gateway.runtime.tasks import spawn
from tests.helpers.descriptor_store import DescriptorStore, close_copies
from tests.helpers.devices import LOOPBACK, Bench, Peer, running
from tests.helpers.other_process import listening_process
from tests.helpers.patience import PATIENCE_S
from tests.helpers.wire import CPP_INFO, TOKEN


async def test_tls_serves_devices_and_http_under_the_gateways_own_authority(
    tmp_path: Path,
) -> None:
    async with running(Bench(tmp_path, listen_tls=(LOOPBACK,))) as bench:
        device = bench.add()
        # Plain connections need not wait for the certificate.
        async with await bench.log_in() as plain:
            assert await plain.fence() == []
        await bench.reached(lambda: "tls" in bench.health.components)
        assert bench.health.components["tls"].state is HealthState.OK
        context = ssl.create_default_context(cafile=tmp_path / "tls" / "ca.pem")
        async with await bench.connect(context) as peer:
            peer.send(encode_frame(29, 1, TOKEN.encode()) + encode_frame(17, 2, CPP_INFO))
            assert (await peer.receive()).body == b"200"
            assert (await peer.receive()).body == b"200"
            for number in range(5000):
                peer.write_pin(1, str(number))
            assert await peer.fence() == []
            assert bench.value("V1") == ("4999",)
            bench.command("V2", "1")
            assert [one.body for one in await peer.fence()] == [b"vw\x002\x001"]
        await bench.reached(lambda: not device.is_online)
        async with await bench.connect(context) as peer:
            peer.send(b"GET /")
            assert await peer.reader.readexactly(5) == b"/ TEG"


async def test_plain_bytes_on_the_tls_port_end_that_connection_only(tmp_path: Path) -> None:
    async with running(Bench(tmp_path, listen_tls=(LOOPBACK,))) as bench:
        await bench.reached(lambda: bool(bench.server.tls_addresses))
        reader, writer = await asyncio.open_connection(*bench.server.tls_addresses[0])
        writer.write(encode_frame(29, 1, TOKEN.encode()))
        assert (await reader.read())[:1] in (b"", b"\x15")
        writer.close()


async def test_an_unusable_certificate_degrades_health_and_plain_ports_go_on(
    tmp_path: Path,
) -> None:
    (tmp_path / "bad.pem").write_text("no certificate")
    tls = TlsOptions(tmp_path / "bad.pem", tmp_path / "bad.pem")
    async with running(Bench(tmp_path, listen_tls=(LOOPBACK,), tls=tls)) as bench:
        bench.add()
        await bench.reached(lambda: "tls" in bench.health.components)
        assert bench.health.components["tls"].state is HealthState.FAILED
        assert "bad.pem" in bench.health.components["tls"].detail
        assert bench.server.tls_addresses == ()
        async with await bench.log_in() as peer:
            assert await peer.fence() == []
        # Other files are tried at once.
        await bench.server.reconfigure(ServerOptions(bench.options.listen, (LOOPBACK,)))
        await bench.reached(lambda: bool(bench.server.tls_addresses))


async def test_an_address_in_use_is_named_with_its_option_and_holder(tmp_path: Path) -> None:
    with listening_process() as (pid, port):
        bench = Bench(tmp_path, listen_tls=(Address("127.0.0.1", port),))
        with pytest.raises(AddressUnavailable) as caught:
            await bench.server.start()
        text = str(caught.value)
        assert text.startswith(f"server.listen_tls: 127.0.0.1:{port} is in use by process")
        assert str(pid) in text


async def test_a_changed_address_moves_the_listener_and_keeps_connections(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        before = bench.server.addresses
        async with await bench.log_in() as peer:
            await bench.server.reconfigure(ServerOptions((Address("localhost", 0),), ()))
            assert bench.server.addresses != before
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(*before[0])
            assert await peer.fence() == []
            async with await bench.log_in() as other:
                assert await other.fence() == []


async def test_a_device_that_comes_between_two_processes_is_served_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with DescriptorStore(tmp_path, monkeypatch) as store:
        first = store.descriptors()
        async with running(Bench(tmp_path, descriptors=first)) as bench:
            (address,) = bench.server.addresses
            await store.told()
        close_copies(first)
        waiting = await Peer.connect(address)
        second = store.descriptors()
        async with running(Bench(tmp_path, descriptors=second, listen=address)) as bench:
            bench.add()
            await waiting.log_in()
            assert await waiting.fence() == []
            waiting.close()
            # Whoever gives the address up does so in the store as well.
            await bench.server.reconfigure(ServerOptions((LOOPBACK,), ()))
            assert len(store.stored) == 1
            with pytest.raises(ConnectionRefusedError):
                await Peer.connect(address)
        close_copies(second)


async def test_an_address_under_a_second_name_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    both = Address("127.0.0.1", port), Address("localhost", port)
    async with running(Bench(tmp_path)) as bench:
        before = bench.server.addresses
        with pytest.raises(AddressUnavailable, match="are the same address"):
            await bench.server.reconfigure(ServerOptions(both, ()))
        assert bench.server.addresses == before


async def test_a_name_that_nobody_answers_for_does_not_hold_up_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = threading.Event()

    def look_up(*_: object, **__: object) -> None:
        assert answer.wait(PATIENCE_S)
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    async with running(Bench(tmp_path)) as bench:
        before = bench.server.addresses
        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        options = ServerOptions((Address("mill.example", 0),), ())
        reloading = spawn(bench.server.reconfigure(options), name="reload")
        await asyncio.sleep(0)
        assert not reloading.done()
        answer.set()
        with pytest.raises(AddressUnavailable, match=r"mill\.example"):
            await reloading
        assert bench.server.addresses == before


async def test_a_thousand_connections_wait(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        (sock,) = bench.server._plain[LOOPBACK]
        # Of a socket that listens, the kernel tells the length of its queue in this place.
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
        longest = int(await asyncio.to_thread(Path("/proc/sys/net/core/somaxconn").read_text))
        assert int.from_bytes(info[28:32], sys.byteorder) == min(BACKLOG, longest)


async def test_an_address_that_cannot_be_had_changes_nothing(tmp_path: Path) -> None:
    async with running(Bench(tmp_path)) as bench:
        bench.add()
        before = bench.server.addresses
        for options in (
            ServerOptions((Address("192.0.2.77", 1),), ()),
            ServerOptions((Address("localhost", 0),), (Address("192.0.2.77", 1),)),
        ):
            with pytest.raises(AddressUnavailable):
                await bench.server.reconfigure(options)
        assert bench.server.addresses == before
        async with await bench.log_in() as peer:
            assert await peer.fence() == []


async def test_a_tls_address_added_later_is_served_and_a_removed_one_is_closed(
    tmp_path: Path,
) -> None:
    async with running(Bench(tmp_path)) as bench:
        listen = bench.options.listen
        await bench.server.reconfigure(ServerOptions(listen, (LOOPBACK,)))
        await bench.reached(lambda: bool(bench.server.tls_addresses))
        (first,) = bench.server.tls_addresses
        await bench.server.reconfigure(ServerOptions(listen, (Address("localhost", 0),)))
        assert first not in bench.server.tls_addresses
        context = ssl.create_default_context(cafile=tmp_path / "tls" / "ca.pem")
        async with await bench.connect(context) as peer:
            peer.send(b"GET /")
            assert await peer.reader.readexactly(5) == b"/ TEG"
        await bench.server.reconfigure(ServerOptions(listen, ()))
        assert bench.server.tls_addresses == ()
        await bench.server.reconfigure(ServerOptions(listen, (LOOPBACK,)))
        async with await bench.connect(context) as peer:
            peer.send(b"GET /")
            assert await peer.reader.readexactly(5) == b"/ TEG"


async def test_stop_sends_what_was_written_and_closes_everything(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    async with running(bench):
        bench.add()
        peer = await bench.log_in()
        silent = await bench.connect()
        await bench.reached(lambda: bench.server.connections == 2)
        address = bench.server.addresses[0]
        bench.command("V1", "last")
        await asyncio.sleep(0)
    assert await peer.ended() == encode_frame(20, 1, b"vw\x001\0last")
    assert await silent.ended() == b""
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*address)
    peer.close()
    silent.close()


async def test_ipv6_any_address_serves_both_families(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.server._options = ServerOptions((Address("::", 0),), ())
    async with running(bench):
        bench.add()
        port = bench.server.addresses[0].port
        for host in ("127.0.0.1", "::1"):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(encode_frame(29, 1, TOKEN.encode()))
            assert await reader.readexactly(5) == b"\0\0\1\0\xc8"
            writer.close()


async def test_running_out_of_descriptors_is_one_line_and_not_a_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(Bench(tmp_path)):
        loop = asyncio.get_running_loop()
        for _ in range(3):
            loop.call_exception_handler(
                {
                    "message": "socket.accept() out of system resource",
                    "exception": OSError(24, "Too many open files"),
                }
            )
        lines = [one for one in caplog.records if one.message == "connection not accepted"]
        assert len(lines) == 1
        assert lines[0].exc_info is None
