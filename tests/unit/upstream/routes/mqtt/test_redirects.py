import pytest

from blynk_gateway.upstream.route import Place
from blynk_gateway.upstream.routes.mqtt.redirects import MAX_BYTES, parse_redirect


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("mqtts://ny3.blynk.cloud:8883", Place("ny3.blynk.cloud", 8883)),
        ("mqtts://sgp1.blynk.cloud:8884/", Place("sgp1.blynk.cloud", 8884)),
        ("mqtts://fra1.blynk.cloud\n", Place("fra1.blynk.cloud", 8883)),
        ("mqtts://[fd00::5]:9000", Place("fd00::5", 9000)),
    ],
)
def test_place_behind_tls_is_followed(text: str, place: Place) -> None:
    assert parse_redirect(text.encode(), is_tls=True) == place


def test_plain_place_is_followed_by_who_is_plain() -> None:
    assert parse_redirect(b"mqtt://ny3.blynk.cloud", is_tls=False) == Place("ny3.blynk.cloud", 1883)


def test_tls_is_never_left() -> None:
    with pytest.raises(ValueError, match=r"^from TLS to plain, to ny3\.blynk\.cloud$"):
        parse_redirect(b"mqtt://ny3.blynk.cloud:1883", is_tls=True)


def test_tls_is_not_begun_without_being_asked_for() -> None:
    with pytest.raises(ValueError, match=r"^from plain to TLS, to ny3\.blynk\.cloud$"):
        parse_redirect(b"mqtts://ny3.blynk.cloud", is_tls=False)


@pytest.mark.parametrize(
    "payload",
    [
        b"wss://fra1.blynk.cloud:443/mqtt",
        b"https://fra1.blynk.cloud",
        b"fra1.blynk.cloud:8883",
        b"mqtts://",
        b"mqtts://:8883",
        b"mqtts://host:port",
        b"mqtts://host:99999",
        b"mqtts://[::1",
        b"mqtts://ho st",
        b"mqtts://ho\x00st",
        "mqtts://höst".encode(),
        b"mqtts://" + b"h" * MAX_BYTES,
        b"\xff\xfe",
        b"",
    ],
)
def test_anything_else_is_no_place(payload: bytes) -> None:
    with pytest.raises(ValueError, match=r"^to what is no address"):
        parse_redirect(payload, is_tls=True)
