"""What is wrong with the connection to a server above, by what is wrong with one to a broker."""

from blynk_gateway.broker import faults as broker
from blynk_gateway.errors import PeerError
from blynk_gateway.upstream.route import ServerDown, ServerRefused
from blynk_gateway.upstream.routes import tls


class NotLetIn(ServerDown):
    """The server does not let us in now.

    It may not have noticed yet that an older connection of ours ended: a power cut ends it without
    a word. And brokers say so too while they cannot look up tokens. So this is never final.
    """

    code = "upstream.not_let_in"
    hint = (
        "Correct the device's token in `upstream:`, or `username` and `password` where they are"
        " set. If they are right, something else is connected with them: the server takes one at a"
        " time."
    )


class GatewayRefused(ServerRefused):
    """The server does not take us for a gateway."""

    code = "upstream.gateway_refused"
    hint = (
        "Correct `username` and `password` of the server in `upstream:`; without them, the token of"
        " its first device, whose template above must be enabled for the gateway API."
    )


_KINDS: dict[type[PeerError], type[PeerError]] = {
    broker.TlsFailed: tls.TlsFailed,
    broker.TlsFilesUnusable: tls.AuthorityUnusable,
    broker.CertificateUntrusted: tls.CertificateUntrusted,
    broker.CertificateOfAnother: tls.CertificateOfAnother,
    broker.CertificateExpired: tls.CertificateExpired,
    broker.NotAuthorised: NotLetIn,
    broker.BrokerRefused: ServerRefused,
    broker.SubscriptionRefused: ServerRefused,
}


def explained(error: PeerError) -> PeerError:
    """The same fault with advice that names what is configured for a server above."""
    return _KINDS.get(type(error), ServerDown)(str(error))
