"""The section `webhooks`: what it takes, and what it says of what it does not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from blynk_gateway.config import Options, as_yaml, effective
from blynk_gateway.config.secret import Secret
from blynk_gateway.config.webhooks.mixed import MixedText, NamedSecret
from blynk_gateway.config.webhooks.options import (
    BasicAuth,
    JsonWord,
    Method,
    ResponseOptions,
    WebhookOptions,
)
from blynk_gateway.core.address import PinAddress

OptionsOf = Callable[[str], Options]
FaultsOf = Callable[[str], list[str]]

EVERYTHING = """
devices: {shed: {token: lan}}
webhooks:
  led:
    method: post
    url: "https://api.example.org/v1/{device}/led?x=!secret key"
    headers: {X-A: "a !secret key", Authorization: Bearer abcdef}
    query: {q: "{value}", api_key: !secret key}
    json: {state: "{value}", n: [1, true, null, "5"], k: "!secret key"}
    content_type: application/vnd.api+json
    min_interval: 60s
    timeout: 5s
    retries: 1
    response: {pin: shed/v7, json: "current.t", limit: 16KB}
  form: {url: "http://nas/", form: {args: "{value}"}, auth: {username: me, password: !secret key}}
  text: {method: PUT, url: !secret url, body: "a\\nb", response: {pin: same, limit: 1500}}
"""
KEY = NamedSecret("key", Secret("hush-hush"))


@pytest.fixture(autouse=True)
def secrets(tmp_path: Path) -> None:
    path = tmp_path / "secrets.yaml"
    path.write_text(
        "key: hush-hush\nurl: http://hidden.example/hush\nbad: ftp://hush\nbase: http://hush\n"
        "braces: http://hush\n"
    )
    path.chmod(0o600)
    (tmp_path / "password").write_text("hush-hush\n")


def text(*parts: str | NamedSecret) -> MixedText:
    return MixedText(parts)


def text_of(keys: str, url: str = "http://nas/") -> str:
    return f"webhooks: {{a: {{url: '{url}', {keys}}}}}"


def test_every_key_reaches_the_options(options_of: OptionsOf) -> None:
    webhooks = options_of(EVERYTHING).webhooks
    assert list(webhooks) == ["led", "form", "text"]
    assert webhooks["led"] == WebhookOptions(
        name="led",
        url=text("https://api.example.org/v1/{device}/led?x=", KEY),
        method=Method.POST,
        headers={
            "X-A": text("a ", KEY),
            "Authorization": MixedText(("Bearer abcdef",), is_private=True),
        },
        query={"q": text("{value}"), "api_key": text(KEY)},
        json={
            "state": text("{value}"),
            "n": (JsonWord("1"), JsonWord("true"), JsonWord("null"), text("5")),
            "k": text(KEY),
        },
        content_type="application/vnd.api+json",
        min_interval_ms=60_000,
        timeout_ms=5000,
        retries=1,
        response=ResponseOptions(PinAddress("shed", "V7"), ("current", "t"), 16_000),
    )
    assert webhooks["form"].auth == BasicAuth(text("me"), text(KEY))
    assert webhooks["text"].body == text("a\nb")
    assert webhooks["text"].response == ResponseOptions(None, None, 1500)


def test_defaults(options_of: OptionsOf) -> None:
    assert options_of(text_of("")).webhooks["a"] == WebhookOptions("a", text("http://nas/"))


def test_what_is_printed_loads_again_and_tells_no_secret(options_of: OptionsOf) -> None:
    options = options_of(EVERYTHING.replace("Bearer abcdef", '"Bearer !secret key"'))
    printed = as_yaml(effective(options))
    assert "hush" not in printed
    assert 'X-A": "a !secret key"' in printed
    # The token of the device is as secret.
    again = options_of(printed.replace('token: "***"', "token: lan"))
    assert again.webhooks == options.webhooks


def test_a_secret_in_the_file_itself_is_not_printed(options_of: OptionsOf) -> None:
    keys = "headers: {Authorization: hush}, auth: null, form: {password: hush, a: b}"
    printed = as_yaml(effective(options_of(text_of(keys))))
    assert "hush" not in printed
    assert '"a": "b"' in printed


def test_nor_one_in_an_address_or_a_document(options_of: OptionsOf) -> None:
    json = "{user: {password: hush-hush, name: me, token: '{device_authToken}'}, api_key: 5}"
    options = options_of(text_of(f"json: {json}", "http://nas/?key=hush-hush&v={value}"))
    printed = as_yaml(effective(options))
    assert "hush" not in printed
    assert "http://nas/?key=***&v={value}" in printed
    user = '{"password": "***", "name": "me", "token": "{device_authToken}"}'
    assert f'{{"user": {user}, "api_key": 5}}' in printed
    body = options.webhooks["a"].json
    assert isinstance(body, dict)
    assert body["user"]["password"].filled(str) == "hush-hush"


def test_a_password_may_stand_in_a_file_or_as_it_is(options_of: OptionsOf) -> None:
    found = []
    for password in ("password_file: password", "password: hush-hush"):
        options = options_of(text_of(f"auth: {{username: u, {password}}}"))
        auth = options.webhooks["a"].auth
        assert auth is not None
        assert str(auth.password) == "***"
        assert "hush" not in as_yaml(effective(options))
        found.append(auth.password.filled(str.upper))
    # In a file of its own nothing is a placeholder.
    assert found == ["hush-hush", "HUSH-HUSH"]


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("nas/led", "found no http:// or https:// at the beginning of the address, expected"),
        ("ftp://nas/", "found no http:// or https://"),
        ("//nas/", "found no http:// or https://"),
        ("http://", "found no host name, or a wrong port"),
        ("http://nas:x/", "found no host name, or a wrong port"),
        ("http://nas:99999/", "found no host name, or a wrong port"),
        ("http://[::1/", "found no http:// or https://"),
        ("http://grün/", "found no host name"),
        ("http://me:hush@nas/", "found a login in the address, expected it below `auth`"),
        ("ftp://me:hush@nas/", "found a login in the address"),
        ("http://{device}/", "found a placeholder in the host"),
        ("{value}", "found no http:// or https:// at the beginning"),
        ("{value}://nas/", "found a placeholder in the host"),
        ("http://nas:{value}/", "found a placeholder in the host"),
        ("http:///pin/", "found a placeholder in the host"),
        ("http://nas/pin/5", "found a placeholder in the host"),
        ("http://nas/pin[0]/", "found a placeholder in the host"),
        ("http://nas%s/", "found a placeholder in the host"),
        ("!secret base/pin/", "found a placeholder in the host of the address"),
        ("!secret braces{value}", "found a placeholder in the host of the address"),
        ("http://nas/a b", "found a blank in"),
        ("!secret bad", "found no http:// or https:// at the beginning of the address, expected"),
        ("", "found 0 characters"),
    ],
)
def test_faulty_urls(faults_of: FaultsOf, url: str, complaint: str) -> None:
    (fault,) = faults_of(text_of("", url))
    assert complaint in fault
    assert "hush" not in fault


@pytest.mark.parametrize(
    "url",
    [
        "http://nas",
        "HTTPS://nas:8443/x?y=%20{value}#z",
        "http://[::1]:8080/",
        "http://10.0.0.7/{device}/pin/{pin}?a=/pin/&b=%s",
        "http://nas//pin/x",
        "http://nas/größe?x=a@b",
    ],
)
def test_good_urls(options_of: OptionsOf, url: str) -> None:
    assert str(options_of(text_of("", url)).webhooks["a"].url) == url


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ("form: {}, json: {}", "a.json: found beside form, expected only one of form, json and"),
        ("method: HEAD", 'found "HEAD", expected one of GET, POST, PUT, PATCH, DELETE'),
        ("content_type: text/plain", "found it without json or body"),
        ("content_type: text/plain, form: {}", "found it without json or body"),
        ("content_type: text, body: x", "expected a type such as text/plain"),
        ("headers: {Host: x}", "but none that is made here"),
        ("headers: {'a b': x}", "expected the name of a header"),
        ('headers: {"a\\nb": x}', "expected the name of a header"),
        ("headers: {X: a, x: b}", "headers.x: found a second time"),
        (
            "headers: {Authorization: x}, auth: {username: a, password: b}",
            "found beside auth, expected only one of the two",
        ),
        (
            "headers: {content-type: a/b}, body: x, content_type: c/d",
            "found beside content_type",
        ),
        ("auth: {username: a}", "found no password or password_file"),
        ("min_interval: 2d", "from 0s to 1d"),
        ("timeout: 61s", "from 1s to 1m"),
        ("timeout: 500ms", "from 1s to 1m"),
        ("retries: 11", "from 0 to 10"),
        ("response: {json: a}", "found no pin"),
        ("response: {pin: V5}", "expected a pin address such as greenhouse/V5, or same"),
        ("response: {pin: same, limit: 2MB}", "expected a size from 1KB to 1MB"),
        ("response: {pin: same, limit: 10}", "expected a size from 1KB to 1MB"),
        ("bodi: x", 'did you mean "body"'),
    ],
)
def test_faults(faults_of: FaultsOf, keys: str, complaint: str) -> None:
    (fault,) = faults_of(text_of(keys))
    assert fault.startswith("gateway.yaml:1: webhooks.a.")
    assert complaint in fault


def test_a_url_is_needed(faults_of: FaultsOf) -> None:
    (fault,) = faults_of("webhooks: {a: {form: {}}}")
    assert fault == "gateway.yaml:1: webhooks.a: found no url, expected one"


def test_a_body_that_may_be_left_unread_is_warned_of(options_of: OptionsOf) -> None:
    (warning,) = options_of(text_of("method: GET, body: x")).warnings
    assert "found a body with GET, which many servers leave unread" in str(warning)
