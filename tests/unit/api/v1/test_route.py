import pytest
from aiohttp import web

from blynk_gateway.api.faults import Forbidden, OutOfScope
from blynk_gateway.api.v1.route import BASE, Call, Caller, Route
from blynk_gateway.core.accounts import Role, Scope
from blynk_gateway.core.address import PinAddress
from blynk_gateway.core.change import Origin, OriginKind

FAN = PinAddress("greenhouse", "V1")


def caller(role: Role) -> Caller:
    return Caller(role, Origin(OriginKind.API, "somebody"))


@pytest.mark.parametrize(
    ("own", "needed"),
    [(Role.ADMIN, Role.VIEWER), (Role.OPERATOR, Role.OPERATOR), (Role.VIEWER, Role.VIEWER)],
)
def test_role_may_what_lower_ones_may(own: Role, needed: Role) -> None:
    caller(own).require(needed)


@pytest.mark.parametrize(
    ("own", "needed"), [(Role.VIEWER, Role.OPERATOR), (Role.OPERATOR, Role.ADMIN)]
)
def test_higher_role_is_asked_for_by_name(own: Role, needed: Role) -> None:
    with pytest.raises(Forbidden, match=f"the role {own} may not do this; expected {needed}"):
        caller(own).require(needed)


async def unused(_call: Call) -> web.StreamResponse:
    raise AssertionError


def route(path: str, *, minds_scope: bool = False) -> Route:
    return Route("GET", BASE + path, Role.VIEWER, unused, "", minds_scope=minds_scope)


def is_allowed(path: str, scope: Scope | None, **named: str) -> bool:
    try:
        route(path).check_scope(caller(Role.ADMIN)._replace(scope=scope), named)
    except OutOfScope:
        return False
    return True


WHOLE = Scope(frozenset({"greenhouse"}))
PART = Scope(pins=frozenset({FAN}))


@pytest.mark.parametrize(
    ("path", "named", "whole", "part"),
    [
        ("/devices/{slug}", {"slug": "greenhouse"}, True, False),
        ("/devices/{slug}/token", {"slug": "greenhouse"}, True, False),
        ("/devices/{slug}", {"slug": "workshop"}, False, False),
        ("/pins/{slug}/{pin}", {"slug": "greenhouse", "pin": "V1"}, True, True),
        ("/pins/{slug}/{pin}", {"slug": "GreenHouse", "pin": "v01"}, True, True),
        ("/pins/{slug}/{pin}/mode", {"slug": "greenhouse", "pin": "V2"}, True, False),
        ("/history/{slug}/{pin}", {"slug": "workshop", "pin": "V1"}, False, False),
        ("/dashboards/{slug}", {"slug": "greenhouse"}, False, False),
        ("/users/{name}", {"name": "greenhouse"}, False, False),
        ("/devices", {}, False, False),
    ],
)
def test_route_that_minds_no_scope_is_for_the_devices_and_pins_its_path_names(
    path: str, named: dict[str, str], whole: bool, part: bool
) -> None:
    assert is_allowed(path, None, **named)
    assert is_allowed(path, WHOLE, **named) == whole
    assert is_allowed(path, PART, **named) == part


def test_route_that_minds_the_scope_looks_itself() -> None:
    route("/devices", minds_scope=True).check_scope(caller(Role.VIEWER)._replace(scope=PART), {})


def test_device_seen_in_part_is_there_but_not_whole() -> None:
    one = caller(Role.VIEWER)._replace(scope=PART)
    one.check_device("greenhouse")
    with pytest.raises(OutOfScope):
        one.check_device("greenhouse", is_whole=True)
    with pytest.raises(OutOfScope):
        one.check_device("workshop")
    one.check_pin(FAN)
    with pytest.raises(OutOfScope):
        one.check_pin(FAN._replace(pin="V2"))
    caller(Role.VIEWER).check_pin(FAN._replace(pin="V2"))
