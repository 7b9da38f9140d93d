"""Each test has a cloud of its own, a clock, and a route."""

from collections.abc import AsyncIterator

import pytest

from blynk_gateway.upstream.routes.https.route import HttpsRoute
from tests.helpers.blynk_cloud import BlynkCloud, CloudDevice
from tests.helpers.clock import FakeClock
from tests.helpers.https_route import TOKEN, cloud_with_device, routed, setup_for


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def cloud(clock: FakeClock) -> AsyncIterator[BlynkCloud]:
    async with cloud_with_device(clock) as cloud:
        yield cloud


@pytest.fixture
def above(cloud: BlynkCloud) -> CloudDevice:
    return cloud.devices[TOKEN]


@pytest.fixture
async def route(cloud: BlynkCloud, clock: FakeClock) -> AsyncIterator[HttpsRoute]:
    async with routed(setup_for(cloud.port, clock=clock)) as route:
        cloud.calls.clear()
        yield route
