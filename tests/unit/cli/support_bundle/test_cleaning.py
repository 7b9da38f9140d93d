import json
import time

import pytest

from blynk_gateway.cli.support_bundle.cleaning import LEAST_SECRET, Cleaner

LONG = "Xq0aK3-fzP9_w2LrT7vB1nMe4Yc8UsDh"


@pytest.mark.parametrize(
    "text",
    [
        "login with pass word/1 failed",
        "https://example.org/?key=pass%20word%2F1",
        "key=pass+word%2F1&x=1",
        json.dumps({"a": "pass word/1"}).replace("/", "\\/"),
        "<b>pass word/1</b>",
    ],
)
def test_known_secret_goes_in_every_form(text: str) -> None:
    cleaned = Cleaner(["pass word/1"]).clean(text)
    assert "***" in cleaned
    assert "word" not in cleaned


def test_short_token_goes_as_a_word_and_leaves_longer_ones() -> None:
    cleaner = Cleaner((), frozenset({"shed", "a/b+c"}))
    assert cleaner.clean("token shed, not watershed; a/b+c") == "token ***, not watershed; ***"


def test_text_too_short_to_be_told_from_others_is_left() -> None:
    assert LEAST_SECRET == 4
    assert Cleaner(["abc"], {"1"}).clean("abc 1") == "abc 1"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("mqtt://ann:pw@broker/x", "mqtt://***@broker/x"),
        ("here, once: http://192.168.1.5:8080/#/setup/abcDEF-1234", "here, once: http://192.168.1.5:8080/#/setup/***"),
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("sent Bearer abcdefgh12", "sent Bearer ***"),
        ('{"password": "hunter2", "port": 1}', '{"password": "***", "port": 1}'),
        ("api_key=hunter2&to=1", "api_key=***&to=1"),
        ('password="my pass \\" phrase" port=1', 'password="***" port=1'),
        (r'body="{\"token\": \"two words\", \"a\": 1}"', r'body="{\"token\": \"***\", \"a\": 1}"'),
        ("password: 123456", "password: ***"),
        ("password: nullnull7", "password: ***"),
        ('login refused user="my pass" peer=::1', 'login refused user="***" peer=::1'),
        ('{"user": "ann", "peer": "::1"}', '{"user": "***", "peer": "::1"}'),
        (f"file {LONG} gone", "file *** gone"),
        ("4ae3851817194e2596cf1b7103603ef8", "***"),
        ("to ann@example.org", "to <mail address>"),
        ("from a0:b1:c2:d3:e4:f5", "from xx:xx:xx:xx:xx:xx"),
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_goes(text: str, cleaned: str) -> None:
    assert Cleaner().clean(text) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "token: null",
        'password: "***"',
        "headers: !secret particle",
        '"api_token": 3, "secret": 0',
        "blynk_gateway.automations.webhooks.hiding",
        "blynk-gateway-20260131T030000Z.tar.gz",
        "gateway.db.damaged-1763773680000",
        "user@1000.service",
        'User=blynk-gateway "daemon_user": "blynk-gateway", "user": 2',
        "127.0.0.1:8080 192.168.1.7:52134 10.0.0.1 fe80::1 [::]:8080 0.0.0.0:9443",
        "2026-01-31T12:00:00.123Z 12:34:56 version 1.2.3.4.5",
        "blynk_gateway_upstream_budget_forecast 7",
    ],
)
def test_what_helps_stays(text: str) -> None:
    assert Cleaner().clean(text) == text


def test_public_addresses_get_names_that_stay_the_same() -> None:
    cleaner = Cleaner()
    assert cleaner.clean("8.8.8.8:53, 2001:4860:4860::8888") == (
        "<public address 1>:53, <public address 2>"
    )
    assert cleaner.clean("peer=[2001:4860:4860::8888]:80") == "peer=[<public address 2>]:80"


@pytest.mark.parametrize("one", ["a", "a.", "aB3", "1.", "a1-", "a@", "//:", 'token="', "user=\\"])
def test_no_text_takes_more_than_its_length(one: str) -> None:
    # A pattern that begins anew at each character of a long word takes an hour for this one, in
    # which no other thread runs; all of them together take a second.
    began = time.process_time()
    Cleaner(["pass word/1"]).clean(one * (300_000 // len(one)))
    assert time.process_time() - began < 20
