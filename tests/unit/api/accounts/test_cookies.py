"""The cookie over plain HTTP and TLS; which requests it is good for is in `v1/test_access.py`."""

import ssl

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from blynk_gateway.api.accounts.cookies import (
    check_same_origin,
    delete_cookie,
    read_cookie,
    set_cookie,
)
from blynk_gateway.api.faults import CrossSite

SECRET = "kq0Zr8Ww3b1Yt6Nf5Jx2Lm9Pd4Sg7Vh-Uc_Ke0Ai1Bo2"


def request(
    method: str = "GET", *, tls: bool = False, headers: dict[str, str] | None = None
) -> web.Request:
    names = {"Host": "gateway.test:8080"} | (headers or {})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if tls else None
    return make_mocked_request(method, "/", names, sslcontext=context)


def attributes(answer: web.Response) -> set[str]:
    (morsel,) = answer.cookies.values()
    return {part.strip() for part in morsel.OutputString().split(";")}


@pytest.mark.parametrize("is_tls", [False, True])
def test_cookie_is_out_of_reach_of_scripts_other_sites_and_plain_connections(is_tls: bool) -> None:
    answer = web.Response()
    set_cookie(request(tls=is_tls), answer, "bsecret")
    name = "__Host-blynk_gateway" if is_tls else "blynk_gateway"
    assert attributes(answer) == {
        f"{name}=bsecret",
        "HttpOnly",
        "Path=/",
        "SameSite=Strict",
        *(["Secure"] if is_tls else []),
    }
    set_cookie(request(tls=is_tls), answer, "ksecret")
    assert "Max-Age=2592000" in attributes(answer)
    delete_cookie(request(tls=is_tls), answer)
    assert {f'{name}=""', "Max-Age=0"} <= attributes(answer)


@pytest.mark.parametrize(
    ("is_tls", "cookie", "secret"),
    [
        (False, f"blynk_gateway={SECRET}", SECRET),
        (True, f"__Host-blynk_gateway={SECRET}", SECRET),
        (False, f"__Host-blynk_gateway={SECRET}", None),
        (True, f"blynk_gateway={SECRET}", None),
        (True, f"blynk_gateway={'b' * 44}; __Host-blynk_gateway={SECRET}", SECRET),
        (False, f"x=1;blynk_gateway={SECRET} ; y", SECRET),
        (False, f"blynk_gateway={SECRET}; blynk_gateway={'b' * 44}", SECRET),
        # Of another service of this host, for a narrower path: browsers send it first.
        (False, f"blynk_gateway=something; blynk_gateway={SECRET}", SECRET),
        (False, f"blynk_gateway={'x' * 8192}; blynk_gateway={SECRET}", SECRET),
        (False, f'x="a;b\\"; =;; ; blynk_gateway={SECRET}', SECRET),
        (False, "blynk_gateway=", None),
        (False, "blynk_gateway", None),
        (False, "blynk_gateway=" + "x" * 129, None),
        (False, f"Blynk_gateway={SECRET}", None),
        (False, "", None),
    ],
)
def test_secret_is_the_first_of_the_name_that_can_be_one(
    is_tls: bool, cookie: str, secret: str | None
) -> None:
    assert read_cookie(request(tls=is_tls, headers={"Cookie": cookie})) == secret


@pytest.mark.parametrize(
    ("method", "headers", "is_fine"),
    [
        ("GET", {"Cookie": f"blynk_gateway={SECRET}"}, True),
        ("HEAD", {"Cookie": f"blynk_gateway={SECRET}"}, True),
        ("POST", {"Cookie": f"blynk_gateway={SECRET}"}, False),
        ("POST", {"Cookie": "other=a"}, True),
        ("POST", {"Origin": "http://gateway.test:8080"}, True),
        ("POST", {"Origin": "http://gateway.test"}, False),
        ("POST", {"Origin": "http://user@gateway.test:8080"}, False),
        ("GET", {"Cookie": f"blynk_gateway={SECRET}", "Upgrade": "WebSocket"}, False),
        ("GET", {"Upgrade": "websocket", "Origin": "http://evil.test"}, False),
    ],
)
def test_requests_that_change_something_come_from_pages_of_this_very_host_and_port(
    method: str, headers: dict[str, str], is_fine: bool
) -> None:
    if is_fine:
        check_same_origin(request(method, headers=headers))
        return
    with pytest.raises(CrossSite):
        check_same_origin(request(method, headers=headers))


@pytest.mark.parametrize(
    ("is_tls", "host", "origin", "is_fine"),
    [
        (False, "gateway.test:80", "http://gateway.test", True),
        (False, "gateway.test", "http://gateway.test:80", True),
        # A proxy has TLS, and passes its own name on with or without the port.
        (False, "gateway.test:443", "https://gateway.test", True),
        (False, "gateway.test", "https://gateway.test", True),
        (False, "gateway.test:443", "http://gateway.test", False),
        (False, "gateway.test:8080", "http://gateway.test:80", False),
        (True, "gateway.test:9443", "https://gateway.test:9443", True),
        (True, "gateway.test:443", "https://gateway.test", True),
        # Whoever is between can make up a page that came without TLS.
        (True, "gateway.test", "http://gateway.test", False),
        (False, "[fe80::1]:8080", "http://[FE80::1]:8080", True),
        (False, "[fe80::1]", "http://[fe80::1]:80", True),
        (False, "[fe80::1]:8080", "http://[fe80::2]:8080", False),
        (False, "[::80]", "http://[::80]", True),
        (False, "gateway.test", "null", False),
        (False, "gateway.test", "http://", False),
        (False, "gateway.test", "file://", False),
    ],
)
def test_origin_is_the_host_whoever_leaves_the_usual_port_out(
    is_tls: bool, host: str, origin: str, is_fine: bool
) -> None:
    asked = request("POST", tls=is_tls, headers={"Host": host, "Origin": origin})
    if is_fine:
        check_same_origin(asked)
        return
    with pytest.raises(CrossSite):
        check_same_origin(asked)
