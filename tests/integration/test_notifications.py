"""The daemon tells people what stock clients, rules and HTTP want them to be told."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest

from tests.helpers.bench import CONFIG, TOKEN, Http, eventually
from tests.helpers.ntfy import Ntfy
from tests.helpers.processes import GatewayProcess, free_port
from tests.helpers.smtp_sink import SmtpSink
from tests.helpers.stock_client import DRIVERS, StockClient

PASSWORD = "correct-horse-battery"


class World(NamedTuple):
    gateway: GatewayProcess
    http: Http
    ntfy: Ntfy
    sink: SmtpSink


def _config(ntfy: Ntfy, sink: SmtpSink) -> dict[str, object]:
    return CONFIG | {
        "notifications": {
            "services": {
                "phone": {"url": ntfy.url()},
                "mail": {"url": f"mailto://127.0.0.1:{sink.port}?from=gateway@example.org"},
            },
            "default": ["phone"],
            "push": ["phone"],
            "tweet": ["phone"],
            "email": ["mail"],
        },
        "automations": [
            {
                "name": "Too hot",
                "when": {"pin": "bench/V5", "above": 30},
                "then": {"notify": "Bench at {value} °C"},
            }
        ],
    }


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    ntfy = Ntfy(login=("me", PASSWORD))
    async with (
        ntfy,
        SmtpSink() as sink,
        GatewayProcess(tmp_path, _config(ntfy, sink)) as gateway,
        aiohttp.ClientSession(f"http://127.0.0.1:{gateway.port}") as session,
    ):
        yield World(gateway, Http(session), ntfy, sink)


@pytest.mark.parametrize("name", ["blynklib 0.2.6", "blynk-library-python 0.2.0"])
async def test_what_a_stock_client_sends_reaches_people(world: World, name: str) -> None:
    async with StockClient(DRIVERS[name], world.gateway.port, TOKEN) as client:
        await client.expect("connected")
        await client.tell("notify", "{DEVICE_NAME}: Alarm")
        await client.tell("tweet", "It is warm")
        await client.tell("email", "anna@example.org", "Hot", "31 °C")
        messages = [await world.ntfy.message(), await world.ntfy.message()]
        assert [message["message"] for message in messages] == ["Bench: Alarm", "It is warm"]
        assert messages[0]["title"] == "Bench"
        mail = await world.sink.mail()
        assert (mail.recipients, mail.subject, mail.text) == (["anna@example.org"], "Hot", "31 °C")
    assert PASSWORD not in world.gateway.log


async def test_http_and_rules_tell_people_too(world: World) -> None:
    body = {"to": "anna@example.org", "subj": "Hot", "title": "31 °C"}
    async with world.http.session.post(f"/{TOKEN}/email", json=body) as answer:
        assert (answer.status, await answer.text()) == (200, "")
    assert (await world.sink.mail()).recipients == ["anna@example.org"]
    await world.http.get(f"/{TOKEN}/update/V5?value=31.5")
    message = await world.ntfy.message()
    assert (message["title"], message["message"]) == ("Too hot", "Bench at 31.5 °C")


async def test_what_waits_for_a_service_outlives_the_gateway(tmp_path: Path) -> None:
    ntfy = Ntfy()
    ntfy.port = free_port()
    async with SmtpSink() as sink, GatewayProcess(tmp_path, _config(ntfy, sink)) as gateway:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{gateway.port}") as session:
            await Http(session).get(f"/{TOKEN}/update/V5?value=31.5")
        await gateway.wait_for_log("Connection refused")

        async def waiting() -> int:
            return await asyncio.to_thread(_waiting, gateway.data_dir / "gateway.db")

        await eventually(waiting, 1)
        await gateway.kill()
        async with ntfy:
            await gateway.start()
            assert (await ntfy.message())["message"] == "Bench at 31.5 °C"
            await eventually(waiting, 0)


def _waiting(database: Path) -> int:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        query = "SELECT count(*) FROM outbox WHERE kind = 'notification'"
        (count,) = connection.execute(query).fetchone()
        return int(count)
