"""A route by HTTPS, and what is around it."""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from blynk_gateway.config.secret import Secret
from blynk_gateway.config.upstream.options import (
    MappingOptions,
    UpstreamOptions,
    UpstreamTlsOptions,
    Via,
)
from blynk_gateway.core.clock import Clock
from blynk_gateway.core.datastream import Datastream
from blynk_gateway.core.value import PinValue
from blynk_gateway.upstream.route import Place, RouteSetup
from blynk_gateway.upstream.routes.https.route import HttpsRoute
from tests.helpers.authority import Identity
from tests.helpers.blynk_cloud import BlynkCloud, CloudDevice, Kind
from tests.helpers.clock import FakeClock

TOKEN = "token-of-the-cloud-0123456789abc"

STREAMS = {
    "V1": Kind.INTEGER,
    "V2": Kind.DOUBLE,
    "V3": Kind.STRING,
    "V4": Kind.BOOLEAN,
    "V5": Kind.LOCATION,
    "V6": Kind.ENUM,
}


class NobodyBelow:
    """Meets `Below`; nothing comes down by itself here."""

    def written(self, pin: str, value: PinValue) -> None:
        raise AssertionError("nothing comes down by itself")

    def metadata_set(self, field: str, value: str) -> None:
        raise AssertionError("nothing comes down by itself")

    def app_changed(self, is_active: bool) -> None:
        raise AssertionError("nothing comes down by itself")


def setup_for(
    port: int,
    *,
    token: str = TOKEN,
    host: str = "127.0.0.1",
    ca: Path | None = None,
    clock: Clock | None = None,
    remembered: Place | None = None,
    memory: list[Place | None] | None = None,
    datastreams: Mapping[str, Datastream] | None = None,
) -> RouteSetup:
    """What a route to a server of this machine is made of.

    Args:
        ca: whom to trust; None for no TLS.
        memory: gets what is to be remembered.
        datastreams: those of this gateway, by the pin's name above.
    """
    return RouteSetup(
        upstream=UpstreamOptions(
            "cloud",
            host,
            port,
            tls=None if ca is None else UpstreamTlsOptions(ca),
            via=Via.HTTPS,
        ),
        mapping=MappingOptions("greenhouse", Secret(token), ()),
        below=NobodyBelow(),
        clock=clock or FakeClock(),
        remembered=remembered,
        remember=(lambda _: None) if memory is None else memory.append,
        datastream_of=(datastreams or {}).get,
        spent_more=lambda _: None,
    )


@asynccontextmanager
async def routed(setup: RouteSetup, *, is_open: bool = True) -> AsyncIterator[HttpsRoute]:
    """A route that is closed in the end."""
    route = HttpsRoute(setup)
    try:
        if is_open:
            await route.open()
        yield route
    finally:
        await route.close()


def cloud_with_device(clock: Clock, identity: Identity | None = None) -> BlynkCloud:
    """A cloud with the device of `TOKEN`, which has `STREAMS`; with TLS if it has an identity."""
    device = CloudDevice(STREAMS, event_codes=frozenset({"leak"}))
    device.metadata.update({"Note": "old"})
    tls = None
    if identity is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(identity.cert, identity.key)
    return BlynkCloud({TOKEN: device}, clock=clock, tls=tls)
