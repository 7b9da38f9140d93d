from blynk_gateway.core.ports import TlsState
from tests.helpers.http import VIEWER, Site

PEM = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


async def test_a_viewer_sees_what_is_served(site: Site) -> None:
    site.certificates.state = TlsState(True, (9443,), True, "ab12", "cd34", ("pi.local",), 1000)
    answer = await site.request("GET", "/api/v1/tls", bearer=VIEWER)
    assert answer.json == {
        "enabled": True,
        "ports": [9443],
        "own_ca": True,
        "fingerprint": "ab12",
        "ca_fingerprint": "cd34",
        "names": ["pi.local"],
        "not_after_ms": 1000,
    }


async def test_anybody_gets_the_authoritys_certificate_as_a_file(site: Site) -> None:
    site.certificates.ca = PEM
    answer = await site.request("GET", "/ca.crt")
    assert (answer.status, answer.body) == (200, PEM)
    assert answer.headers["Content-Type"] == "application/x-x509-ca-cert"
    assert answer.headers["Content-Disposition"].startswith("attachment;")


async def test_without_an_own_authority_that_is_said_in_words(site: Site) -> None:
    answer = await site.request("GET", "/ca.crt")
    assert answer.status == 404
    assert "no certificate authority of its own" in answer.text
    assert answer.headers["Content-Type"].startswith("text/plain")
