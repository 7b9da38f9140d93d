import ssl

import pytest

from blynk_gateway.broker.faults import (
    BrokerDown,
    BrokerRefused,
    CertificateExpired,
    CertificateOfAnother,
    CertificateUntrusted,
    ClientIdRefused,
    NotAuthorised,
    SessionTaken,
    TlsFailed,
    VersionRefused,
    refusal,
    tls_fault,
)
from blynk_gateway.errors import PeerDown, PeerError, PeerRefused


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        (132, VersionRefused),
        (133, ClientIdRefused),
        (134, BrokerRefused),
        (135, NotAuthorised),
        (136, BrokerDown),
        (138, BrokerRefused),
        (142, SessionTaken),
        (200, BrokerDown),
    ],
)
def test_each_reason_has_its_kind_and_names_the_place(reason: int, kind: type[PeerError]) -> None:
    fault = refusal("broker:1883", reason)
    assert type(fault) is kind
    assert str(fault).startswith("MQTT broker broker:1883: it ")
    assert "; expected it to serve us" in str(fault)


def test_who_is_refused_waits_long_and_who_finds_nobody_does_not() -> None:
    assert isinstance(refusal("b:1", 134), PeerRefused)
    assert isinstance(refusal("b:1", 135), BrokerRefused)
    assert isinstance(refusal("b:1", 142), PeerRefused)
    assert isinstance(refusal("b:1", 137), PeerDown)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (62, CertificateOfAnother),
        (64, CertificateOfAnother),
        (9, CertificateExpired),
        (10, CertificateExpired),
        (18, CertificateUntrusted),
        (19, CertificateUntrusted),
        (20, CertificateUntrusted),
    ],
)
def test_each_fault_of_a_certificate_has_its_advice(code: int, kind: type[PeerError]) -> None:
    error = ssl.SSLCertVerificationError()
    error.verify_code, error.verify_message = code, "it is bad."
    fault = tls_fault("b:1", error)
    assert type(fault) is kind
    assert "it is bad; expected" in str(fault)


def test_other_faults_of_tls_say_what_openssl_says() -> None:
    error = ssl.SSLError(1, "text")
    error.reason = "WRONG_VERSION_NUMBER"
    fault = tls_fault("b:1", error)
    assert isinstance(fault, TlsFailed)
    assert "no TLS, wrong version number; expected" in str(fault)
    assert "it ended in between" in str(tls_fault("b:1", ssl.SSLError(1, "text")))
