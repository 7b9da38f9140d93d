"""Where a server says that we belong."""

from urllib.parse import urlsplit

from blynk_gateway.runtime.logs import safe
from blynk_gateway.upstream.route import Place

MAX_BYTES = 512
"""A name of a host has 253 at most."""

_PORTS = {"mqtt": 1883, "mqtts": 8883}


def parse_redirect(payload: bytes, *, is_tls: bool) -> Place:
    """The place that `mqtts://ny3.blynk.cloud:8883/` names.

    Args:
        is_tls: how we speak with the server; that stays, as a token must never go over a plain
            connection that was meant for TLS.

    Raises:
        ValueError: it is none that can be followed. The message says what it is, as part of a
            sentence.
    """
    text = payload[: MAX_BYTES + 1].decode("utf-8", "replace").strip()
    if len(payload) > MAX_BYTES or not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError("to what is no address")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("to what is no address") from None
    usual = _PORTS.get(parts.scheme)
    if not host or usual is None:
        raise ValueError(
            f"to what is no address of MQTT, {safe(parts.scheme)}://{safe(host or '')}"
        )
    if is_tls != (parts.scheme == "mqtts"):
        change = "from TLS to plain" if is_tls else "from plain to TLS"
        raise ValueError(f"{change}, to {safe(host)}")
    return Place(host, port or usual)
