import pytest

from blynk_gateway.broker import faults as broker
from blynk_gateway.errors import PeerDown, PeerError, PeerRefused
from blynk_gateway.upstream.route import ServerDown, ServerRefused
from blynk_gateway.upstream.routes import tls
from blynk_gateway.upstream.routes.mqtt.faults import NotLetIn, explained


@pytest.mark.parametrize(
    ("of_broker", "of_server"),
    [
        (broker.BrokerDown, ServerDown),
        (broker.VersionRefused, ServerDown),
        (broker.ClientIdRefused, ServerDown),
        (broker.BrokerRefused, ServerRefused),
        (broker.NotAuthorised, NotLetIn),
        (broker.SubscriptionRefused, ServerRefused),
        (broker.TlsFailed, tls.TlsFailed),
        (broker.TlsFilesUnusable, tls.AuthorityUnusable),
        (broker.CertificateUntrusted, tls.CertificateUntrusted),
        (broker.CertificateOfAnother, tls.CertificateOfAnother),
        (broker.CertificateExpired, tls.CertificateExpired),
    ],
)
def test_each_fault_keeps_its_text_and_has_its_own_advice(
    of_broker: type[PeerError], of_server: type[PeerError]
) -> None:
    fault = explained(of_broker("MQTT broker blynk.cloud:8883: it is so; expected not"))
    assert type(fault) is of_server
    assert str(fault) == "MQTT broker blynk.cloud:8883: it is so; expected not"
    assert "mqtt." not in fault.hint


def test_only_a_wrong_token_is_final() -> None:
    final = [
        one
        for one in vars(broker).values()
        if isinstance(one, type)
        and issubclass(one, PeerRefused | PeerDown)
        and isinstance(explained(one("text")), PeerRefused)
    ]
    assert final == [broker.BrokerRefused, broker.SubscriptionRefused]
