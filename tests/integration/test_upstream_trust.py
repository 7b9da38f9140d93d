"""Whom a gateway trusts above it, and what it says if it is not let in."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bench.crash_load import current_values
from bench.upstream_world import (
    ABOVE_TOKENS,
    BELOW_TOKENS,
    SET_POINT,
    Device,
    ask,
    config_above,
    config_below,
    put,
)
from tests.helpers.bench import eventually
from tests.helpers.fault_proxy import FaultProxy, Way
from tests.helpers.processes import GatewayProcess

WRONG_HOST = "127.0.0.3"
"""The certificate names no other loopback address than 127.0.0.1."""


@pytest.fixture
async def above(tmp_path: Path) -> AsyncIterator[GatewayProcess]:
    place = tmp_path / "above"
    place.mkdir()
    async with GatewayProcess(place, config_above(), tls=True) as found:
        await found.wait_for_log("tls=True")
        yield found


def config(server: str, tls: object, token: str = ABOVE_TOKENS["plant"]) -> dict[str, Any]:
    found = config_below(0, ["plant"], server=server, tls=tls)
    found["upstream"]["above"]["devices"]["plant"]["token"] = token
    return found


def make_below(tmp_path: Path, options: dict[str, Any]) -> GatewayProcess:
    place = tmp_path / "below"
    place.mkdir()
    return GatewayProcess(place, options, module="bench.hurried")


async def mapping(gateway: GatewayProcess) -> dict[str, Any]:
    answer = await ask(gateway.control_path, "/api/v1/upstream")
    found: dict[str, Any] = answer["upstream"][0]["devices"][0]
    return found


async def health(gateway: GatewayProcess) -> dict[str, Any]:
    """What health says of the mapping."""
    answer = await ask(gateway.control_path, "/api/health")
    found: dict[str, Any] = answer["components"]["upstream above/plant"]
    return found


async def is_told(gateway: GatewayProcess) -> bool:
    """Whether there is something wrong, in words."""
    return bool((await mapping(gateway))["detail"])


async def assert_both_ways(below: GatewayProcess, above: GatewayProcess) -> None:
    async with Device(below.port, BELOW_TOKENS["plant"]) as device:
        device.write("V1", "d1")
        await device.fence()
    await put(above.port, ABOVE_TOKENS["plant"], SET_POINT, "a1")

    async def values() -> tuple[list[str] | None, list[str] | None]:
        up = await current_values(above.control_path, "plant")
        down = await current_values(below.control_path, "plant")
        return up.get("V1"), down.get(SET_POINT)

    await eventually(values, (["d1"], ["a1"]))


def ca_of(gateway: GatewayProcess) -> Path:
    """The certificate of a gateway's own authority."""
    return gateway.data_dir / "tls" / "ca.pem"


async def test_gateway_above_is_trusted_by_its_authority(
    tmp_path: Path, above: GatewayProcess
) -> None:
    options = config(f"localhost:{above.tls_port}", {"ca": str(ca_of(above))})
    async with make_below(tmp_path, options) as below:
        await assert_both_ways(below, above)
        assert (await mapping(below))["status"] == "connected"


async def test_unknown_authority_is_refused_until_it_is_named(
    tmp_path: Path, above: GatewayProcess
) -> None:
    server = f"localhost:{above.tls_port}"
    async with make_below(tmp_path, config(server, tls=True)) as below:
        await eventually(lambda: is_told(below), expected=True)
        found = await health(below)
        assert found["state"] == "degraded"
        assert "certificate" in found["detail"]
        assert "ca:" in found["detail"]
        assert "device=plant" not in above.log
        below.write_config(config(server, {"ca": str(ca_of(above))}))
        below.reload()
        await assert_both_ways(below, above)
        assert (await health(below))["state"] == "ok"


async def test_certificate_of_another_host_is_refused(
    tmp_path: Path, above: GatewayProcess
) -> None:
    assert above.tls_port is not None
    async with FaultProxy("127.0.0.1", above.tls_port, host=WRONG_HOST) as proxy:
        options = config(f"{WRONG_HOST}:{proxy.port}", {"ca": str(ca_of(above))})
        async with make_below(tmp_path, options) as below:
            await eventually(lambda: is_told(below), expected=True)
            assert WRONG_HOST in (await health(below))["detail"]
            assert "certificate" in (await health(below))["detail"]
    assert "device=plant" not in above.log


async def test_server_that_speaks_no_tls_gets_no_token(
    tmp_path: Path, above: GatewayProcess
) -> None:
    async with FaultProxy("127.0.0.1", above.port) as proxy:
        record: list[tuple[Way, bytes]] = []
        proxy.record = record
        options = config(f"localhost:{proxy.port}", tls=True)
        async with make_below(tmp_path, options) as below:
            await eventually(lambda: is_told(below), expected=True)
            assert "`tls`" in (await health(below))["detail"]
    assert record
    assert ABOVE_TOKENS["plant"].encode() not in b"".join(data for _, data in record)


async def test_wrong_token_stops_the_mapping_until_the_configuration_has_another(
    tmp_path: Path, above: GatewayProcess
) -> None:
    wrong = "0" * 32
    server = f"127.0.0.1:{above.port}"
    async with make_below(tmp_path, config(server, tls=False, token=wrong)) as below:

        async def status() -> str:
            found: str = (await mapping(below))["status"]
            return found

        await eventually(status, "stopped")
        found = await health(below)
        assert found["state"] == "failed"
        assert "token" in found["detail"]
        assert "reload" in found["detail"]
        assert wrong not in below.log
        # What happens meanwhile is not lost.
        async with Device(below.port, BELOW_TOKENS["plant"]) as device:
            device.write("V2", "d0")
            await device.fence()
        below.write_config(config(server, tls=False))
        below.reload()
        await assert_both_ways(below, above)
        assert (await health(below))["state"] == "ok"
        assert (await current_values(above.control_path, "plant"))["V2"] == ["d0"]
        assert ABOVE_TOKENS["plant"] not in below.log
