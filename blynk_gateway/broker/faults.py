"""Why there is no connection to the broker, or none any more, each with what to do about it."""

import ssl

from blynk_gateway.errors import PeerDown, PeerError, PeerRefused

IDENTIFIER_REFUSED = 133
SESSION_TAKEN = 142
FIRST_REFUSAL = 128
"""Reason codes of MQTT 5 from here on say no."""


class BrokerDown(PeerDown):
    """The broker cannot be reached, or went away."""

    code = "mqtt.down"
    hint = "Check that the broker runs and listens where `mqtt.host` and `mqtt.port` say."


class TlsFailed(PeerDown):
    """No TLS came about, and not because of the broker's certificate."""

    code = "mqtt.tls_failed"
    hint = (
        "Check that `mqtt.port` is the broker's port for TLS, mostly 8883; a broker that wants a"
        " certificate from us needs `mqtt.tls.cert` and `mqtt.tls.key`."
    )


class BrokerRefused(PeerRefused):
    """The broker knows no such user, or does not let him in."""

    code = "mqtt.refused"
    hint = "Check `mqtt.username` and `mqtt.password_file`, and what the broker lets that user do."


class NotAuthorised(BrokerRefused):
    """The broker does not let this user in: some say so of a wrong password, some of a twin."""

    code = "mqtt.not_authorised"


class VersionRefused(PeerRefused):
    """The broker does not speak this version of MQTT, or no MQTT at all."""

    code = "mqtt.version_refused"
    hint = "Try the other `mqtt.protocol`, and check that `mqtt.port` is the broker's."


class BrokerUnfit(PeerRefused):
    """The broker leaves out what the gateway cannot do without."""

    code = "mqtt.broker_unfit"
    hint = "Let the broker keep retained messages and take QoS 1, or use another, as mosquitto."


class ClientIdRefused(PeerRefused):
    """The broker does not take our name."""

    code = "mqtt.client_id_refused"
    hint = "Set `mqtt.client_id` to one that the broker takes."


class CertificateUntrusted(PeerRefused):
    """Nobody whom we trust has signed the broker's certificate."""

    code = "mqtt.certificate_untrusted"
    hint = "Set `mqtt.tls.ca` to the certificate of the authority that signed the broker's."


class CertificateOfAnother(PeerRefused):
    """The broker's certificate is for another name."""

    code = "mqtt.certificate_name"
    hint = "Set `mqtt.host` to a name that stands in the certificate, or have a new one made."


class CertificateExpired(PeerRefused):
    """The broker's certificate is not valid today."""

    code = "mqtt.certificate_expired"
    hint = "Renew the broker's certificate; if it is valid, check the clock of this machine."


class TlsFilesUnusable(PeerRefused):
    """Our own certificate, its key or the authority's cannot be read."""

    code = "mqtt.tls_files"
    hint = "Check `mqtt.tls`: PEM files that the gateway may read, the key without a passphrase."


class SubscriptionRefused(PeerRefused):
    """The broker does not let us hear a topic."""

    code = "mqtt.subscription_refused"
    hint = "Let our user read this topic: with mosquitto in its `acl_file`."


class SessionTaken(PeerRefused):
    """Another client has connected with our client id, which ended our connection."""

    code = "mqtt.session_taken"
    hint = (
        "Look for a second gateway with the same `mqtt.client_id`, or one made of a copy of this"
        " one's data directory."
    )


_REFUSALS: dict[int, tuple[type[PeerError], str]] = {
    132: (VersionRefused, "speaks another version of MQTT"),
    IDENTIFIER_REFUSED: (ClientIdRefused, "does not take our client id"),
    134: (BrokerRefused, "refuses user name or password"),
    135: (NotAuthorised, "does not authorise us"),
    136: (BrokerDown, "is unavailable"),
    137: (BrokerDown, "is busy"),
    138: (BrokerRefused, "has banned us"),
    139: (BrokerDown, "is shutting down"),
    140: (BrokerRefused, "wants another way to log in"),
    141: (BrokerDown, "did not hear from us for too long"),
    SESSION_TAKEN: (SessionTaken, "has another client with our client id"),
    149: (BrokerDown, "refuses a message as too large"),
    151: (BrokerDown, "has no quota left for us"),
    152: (BrokerRefused, "has ended the connection by an administrator's order"),
    154: (BrokerUnfit, "keeps no retained messages"),
    155: (BrokerUnfit, "takes no messages of QoS 1"),
}

_X509_EXPIRED = frozenset({9, 10})
"""Not valid yet, not valid any more."""

_X509_OTHER_NAME = frozenset({62, 64})
"""Another host, another address."""


def refusal(place: str, reason: int) -> PeerError:
    """What a reason code of the broker means, in CONNACK or DISCONNECT.

    Args:
        place: host and port.
        reason: as in MQTT 5. Source: its specification, section 2.4.
    """
    kind, found = _REFUSALS.get(reason, (BrokerDown, f"ended the connection with reason {reason}"))
    return kind(f"MQTT broker {place}: it {found}; expected it to serve us")


def tls_fault(place: str, error: ssl.SSLError) -> PeerError:
    """What went wrong while TLS was begun."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        reason = (getattr(error, "reason", None) or "it ended in between").replace("_", " ").lower()
        return TlsFailed(f"MQTT broker {place}: no TLS, {reason}; expected TLS 1.2 or newer")
    found, expected = error.verify_message.rstrip("."), "one signed by whom we trust"
    kind: type[PeerError] = CertificateUntrusted
    if error.verify_code in _X509_OTHER_NAME:
        kind, expected = CertificateOfAnother, "one for this name"
    elif error.verify_code in _X509_EXPIRED:
        kind, expected = CertificateExpired, "one that is valid today"
    return kind(f"MQTT broker {place}: its certificate will not do, {found}; expected {expected}")
