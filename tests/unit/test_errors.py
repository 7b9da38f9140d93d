import re
from collections.abc import Iterator

import pytest

from blynk_gateway import errors
from blynk_gateway.errors import ConfigError, GatewayError, InvalidValue, RemoteProtocolError


def subclasses(root: type[GatewayError]) -> Iterator[type[GatewayError]]:
    for one in root.__subclasses__():
        if one.__module__ == errors.__name__:
            yield one
            yield from subclasses(one)


ALL: list[type[GatewayError]] = [GatewayError, *subclasses(GatewayError)]


def test_every_error_of_the_module_has_the_one_root() -> None:
    found = {
        one
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, BaseException)
    }
    assert found == set(ALL)


@pytest.mark.parametrize("error", ALL)
def test_the_drawn_tree_is_the_real_one(error: type[GatewayError]) -> None:
    depths: dict[str, int] = {}
    path: list[str] = []
    parents: dict[str, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        if drawn := re.match(r"    ([ │├└]*)(\w+)( {2,}|$)", line):
            depth, name = len(drawn[1]) // 2, drawn[2]
            depths[name] = depth
            path[depth:] = [name]
            parents[name] = path[depth - 1] if depth else "Exception"
    assert parents[error.__name__] == error.__bases__[0].__name__
    assert len(depths) == len(ALL)


def test_codes_are_stable_slugs_that_differ() -> None:
    codes = [error.code for error in ALL]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+", code) for code in codes)


@pytest.mark.parametrize("error", ALL)
def test_every_error_says_what_to_do_in_a_sentence(error: type[GatewayError]) -> None:
    assert re.fullmatch(r"[A-Z].{15,}\.", error.hint)


def test_a_config_error_lists_every_fault_on_its_own_line() -> None:
    error = ConfigError("gateway.yaml:1: a", "gateway.yaml:2: b")
    assert str(error) == "gateway.yaml:1: a\ngateway.yaml:2: b"
    assert error.faults == ("gateway.yaml:1: a", "gateway.yaml:2: b")


def test_a_protocol_error_of_the_peer_may_carry_a_status() -> None:
    assert RemoteProtocolError("id 0").status is None
    error = RemoteProtocolError("id 0; expected 1 to 65535", 2)
    assert (str(error), error.status) == ("id 0; expected 1 to 65535", 2)


def test_an_invalid_value_is_a_value_error_too() -> None:
    assert issubclass(InvalidValue, ValueError)
