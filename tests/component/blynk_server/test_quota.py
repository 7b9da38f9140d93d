import asyncio
from pathlib import Path

from blynk_gateway.config.options import QuotaOptions, ServerOptions
from blynk_gateway.protocol.frames import encode_frame
from tests.helpers.devices import NO_QUOTA, Bench, running
from tests.helpers.wire import Frame


async def test_over_the_quota_a_device_is_slowed_down_and_loses_nothing(tmp_path: Path) -> None:
    quota = QuotaOptions(messages_per_second=1000, burst=100)
    async with running(Bench(tmp_path, quota=quota)) as bench:
        bench.add()
        loop = asyncio.get_running_loop()
        async with await bench.log_in() as peer:
            start = loop.time()
            for number in range(2000):
                peer.write_pin(1, str(number))
            assert await peer.fence() == []
            assert 1.0 < loop.time() - start < 4.0
            assert bench.value("V1") == ("1999",)
            assert bench.health.counters["quota_refused_messages"] == 0
            assert bench.health.counters["quota_pauses"] > 0


async def test_a_lasting_flood_is_refused_with_one_status_1_on_each_connection_and_stays_in_step(
    tmp_path: Path,
) -> None:
    quota = QuotaOptions(messages_per_second=20, burst=20)
    async with running(Bench(tmp_path, quota=quota)) as bench:
        bench.add()
        # Each connection of the device draws on the same quota.
        async with await bench.log_in() as peer, await bench.log_in() as sibling:
            for number in range(1000):
                peer.write_pin(1, str(number), message_id=5)
            assert await peer.fence() == [Frame(0, 5, b"1")]
            assert 500 < bench.health.counters["quota_refused_messages"] < 1000
            for expected in ([Frame(0, 6, b"1")], []):
                # As many as no pause of a busy machine makes room for.
                for number in range(1000):
                    sibling.write_pin(2, str(number), message_id=6)
                assert await sibling.fence() == expected


async def test_group_ends_count_even_if_the_writes_are_refused(tmp_path: Path) -> None:
    quota = QuotaOptions(messages_per_second=1, burst=1)
    async with running(Bench(tmp_path, quota=quota)) as bench:
        bench.add()
        async with await bench.log_in() as peer:
            at_ms = bench.clock.now_ms() - 86_400_000
            writes = encode_frame(20, 5, b"vw\x001\x001") * 30
            peer.send(encode_frame(21, 4, b"t\0%d" % at_ms) + writes + encode_frame(21, 6, b"e"))
            assert await peer.receive() == Frame(0, 5, b"1")
            await bench.server.reconfigure(ServerOptions(bench.options.listen, (), quota=NO_QUOTA))
            peer.write_pin(1, "2")
            await peer.fence()
            assert bench.store.get("greenhouse", "V1").at_ms > at_ms
