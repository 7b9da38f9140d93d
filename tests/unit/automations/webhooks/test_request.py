"""Requests as they are made of options: everything escaped for its place, secrets never shown."""

import json
import re
from collections.abc import Callable
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.automations.webhooks.request import (
    Request,
    make_request,
    place_of,
    target_of,
)
from blynk_gateway.config.secret import Secret
from blynk_gateway.config.webhooks.mixed import MixedText, NamedSecret
from blynk_gateway.config.webhooks.options import BasicAuth, JsonWord, Method, WebhookOptions

URL = "https://example.org/a"
KEY = NamedSecret("key", Secret("s3cret/ {value}"))


def text(*parts: str | NamedSecret) -> MixedText:
    return MixedText(parts)


VALUE = text("{value}")


def made(value: str = "", *, is_text: bool = False, **options: object) -> Request:
    def fill(text: str, escape: Callable[[str], str]) -> str:
        return re.sub(r"\{value\}", lambda _: escape(value), text)

    webhook = WebhookOptions(**{"name": "led", "url": text(URL), **options})  # type: ignore[arg-type]  # as given
    return make_request(webhook, fill, "agent/1", "token", is_text=is_text)


def test_without_a_body_it_is_a_get() -> None:
    request = made()
    assert (request.method, request.url, request.body) == ("GET", URL, None)
    assert request.headers == {"User-Agent": "agent/1", "Accept-Encoding": "identity"}
    assert (request.shown, request.place) == (f"GET {URL}", "example.org")
    assert made(body=VALUE).method == "POST"
    assert made(body=VALUE, method=Method.PUT).method == "PUT"


@given(st.text())
def test_any_value_goes_into_an_address_and_comes_out_again(value: str) -> None:
    value = value.encode("utf-8", "replace").decode()
    request = made(value, url=text(URL + "/{value}?a={value}&b=1#top"), query={"c d": VALUE})
    assert request.url.isascii()
    parts = urlsplit(request.url)
    assert parts.netloc == "example.org"
    assert parts.path.count("/") == 2
    if parts.fragment:
        # What stands behind # would never reach the server.
        return
    fields = dict(parse_qsl(parts.query, keep_blank_values=True))
    assert fields == {"a": value, "b": "1", "c d": value}


@given(st.text())
def test_any_value_goes_into_a_form_and_comes_out_again(value: str) -> None:
    value = value.encode("utf-8", "replace").decode()
    request = made(value, form={"args": VALUE, "a&b": text("x={value}")})
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.body is not None
    fields = parse_qs(request.body.decode(), keep_blank_values=True)
    assert fields == {"args": [value], "a&b": [f"x={value}"]}


@given(st.text())
def test_any_value_goes_into_json_and_comes_out_again(value: str) -> None:
    value = value.encode("utf-8", "replace").decode()
    body = {"t": text("is {value}"), "l": (VALUE, JsonWord("1.50")), "k": text(KEY)}
    request = made(value, json=body, is_text=True)
    assert request.body is not None
    expected = {"t": f"is {value}", "l": [value, 1.5], "k": "s3cret/ {value}"}
    assert json.loads(request.body) == expected
    other = made(value, body=text('{"v": "{value}"}'), content_type="application/json")
    assert other.body is not None
    assert json.loads(other.body) == {"v": value}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("21.50", "21.50"),
        ("-3", "-3"),
        ("1e3", "1e3"),
        (" 5.0", "5"),
        (".5", "0.5"),
        ("007", "7"),
        ("1, 2", '"1, 2"'),
        ("nan", '"nan"'),
        ("", '""'),
        ("true", '"true"'),
    ],
)
def test_a_json_text_that_is_one_placeholder_is_a_number_if_its_value_is_one(
    value: str, written: str
) -> None:
    assert made(value, json=VALUE).body == written.encode()


def test_it_stays_a_text_if_there_is_more_or_the_pin_is_of_text() -> None:
    assert made("5", json=text("{value} ")).body == b'"5 "'
    assert made("5", json=text("{value}{value}")).body == b'"55"'
    assert made("5", json=VALUE, is_text=True).body == b'"5"'
    assert made("5", json=text("5")).body == b'"5"'


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("", b'<"&\n '),
        ("text/plain", b'<"&\n '),
        ("application/vnd.api+json", rb"<\"&\n "),
        ("application/json; charset=utf-8", rb"<\"&\n "),
        ("application/x-www-form-urlencoded", b"%3C%22%26%0A+"),
        ("text/xml", b"&lt;&quot;&amp;\n "),
    ],
)
def test_a_value_is_escaped_for_the_type_of_the_body(content_type: str, body: bytes) -> None:
    request = made('<"&\n ', body=VALUE, content_type=content_type)
    assert request.body == body
    assert request.headers["Content-Type"] == (content_type or "text/plain; charset=utf-8")


def test_the_header_content_type_goes_before_ours() -> None:
    request = made('"', body=VALUE, headers={"content-type": text("application/json")})
    assert request.body == rb"\""
    assert [one for one in request.headers if one.lower() == "content-type"] == ["content-type"]


@given(st.text())
def test_no_value_makes_another_header(value: str) -> None:
    request = made(value.encode("utf-8", "replace").decode(), headers={"X": text("a{value}b")})
    assert not set(map(chr, [*range(32), 127])) & set(request.headers["X"])


def test_headers_of_the_file_go_before_ours() -> None:
    request = made(headers={"user-agent": text("me")})
    assert request.headers == {"Accept-Encoding": "identity", "user-agent": "me"}


def test_a_login_becomes_a_header() -> None:
    request = made("u", auth=BasicAuth(VALUE, text(KEY)))
    assert request.headers["Authorization"] == "Basic dTpzM2NyZXQvIHt2YWx1ZX0="
    assert request.hiding.hide("dTpzM2NyZXQvIHt2YWx1ZX0= s3cret/ {value}") == "*** ***"


def test_secrets_go_in_as_they_are_and_are_shown_by_their_names() -> None:
    request = made("1", url=text(URL + "?k=", KEY, "&v={value}"), query={"q": text("a ", KEY)})
    assert request.url == URL + "?k=s3cret/%20%7Bvalue%7D&v=1&q=a%20s3cret%2F%20%7Bvalue%7D"
    assert request.shown == f"GET {URL}?k=!secret key&v=1&q=a%20!secret key"
    assert "s3cret" not in repr(request._replace(url="", headers={}))


def test_what_looks_like_a_secret_is_not_shown() -> None:
    options = WebhookOptions(
        "x",
        text(URL + "?api_key=abc&v={value}&token={value}"),
        query={"password": MixedText(("abc",), is_private=True), "plain": text("1")},
    )
    shown = f"GET {URL}?api_key=***&v={{value}}&token={{value}}&password=***&plain=1"
    assert target_of(options) == shown
    assert made("1", url=options.url).shown == f"GET {URL}?api_key=***&v=1&token=***"


def test_a_token_of_a_device_is_hidden_only_where_it_is_told() -> None:
    assert made(body=text("{device_authToken}")).hiding.hide("token") == "***"
    assert made().hiding.hide("token") == "token"


@pytest.mark.parametrize(
    ("url", "place"),
    [
        (text("http://nas:8080/x?y"), "nas:8080"),
        (text("http://nas"), "nas"),
        (text("http://nas/", KEY), "nas"),
        (text("http://nas", KEY), "the server"),
        (text(KEY), "the server"),
        (text("https://", KEY, "/"), "the server"),
    ],
)
def test_a_place_that_a_secret_may_tell_is_not_named(url: MixedText, place: str) -> None:
    assert place_of(url) == place
