"""A whole gateway in this process, on a free port."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from blynk_gateway.config.options import (
    Address,
    DeviceOptions,
    Options,
    ServerOptions,
)
from blynk_gateway.config.secret import Secret
from blynk_gateway.core.change import Intent, Origin, OriginKind
from blynk_gateway.gateway import Gateway
from tests.helpers.wire import TOKEN

PERSON = Origin(OriginKind.API, "person")
SERVER = ServerOptions(listen=(Address("127.0.0.1", 0),), listen_tls=())
SHED = DeviceOptions(slug="shed", name="Shed", token=Secret(TOKEN))
OPTIONS = Options(server=SERVER, devices={"shed": SHED})


@asynccontextmanager
async def running(data_dir: Path, options: Options = OPTIONS) -> AsyncIterator[Gateway]:
    gateway = Gateway(options, data_dir)
    await gateway.start()
    try:
        yield gateway
    finally:
        await gateway.stop()


def write(gateway: Gateway, device: str, pin: str, value: str) -> None:
    gateway.store.write(device, pin, (value,), PERSON, Intent.COMMAND)
