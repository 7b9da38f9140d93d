"""Secrets in every shape that a request gives them."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blynk_gateway.automations.webhooks.hiding import Hiding, encoded_login


@given(st.text(min_size=1, max_size=40))
def test_a_secret_is_hidden_however_it_is_written(secret: str) -> None:
    forms = [quote(secret, safe=""), quote_plus(secret), secret]
    forms += [json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]]
    assert [Hiding([secret]).hide(form) for form in forms] == ["***"] * 5


@pytest.mark.parametrize(
    "form", ['pa ss/"1', "pa%20ss%2F%221", "pa+ss%2F%221", 'pa ss/\\"1', "dTpwYSBzcy8iMQ=="]
)
def test_each_form(form: str) -> None:
    assert Hiding(['pa ss/"1'], ("u", 'pa ss/"1')).hide(f"a {form} b") == "a *** b"


def test_the_longest_goes_first_and_nothing_is_hidden_without_secrets() -> None:
    assert Hiding(["ab", "abcd"]).hide("abcd ab") == "*** ***"
    assert Hiding(["", ""]).hide("as it was") == "as it was"


def test_the_token_of_a_private_header_is_hidden_without_its_first_word() -> None:
    assert Hiding(["Token 0123456"]).hide("Token: 0123456") == "Token: ***"


def test_a_login_is_encoded_as_http_has_it() -> None:
    assert base64.b64decode(encoded_login(("ü", "b:c"))).decode() == "ü:b:c"
