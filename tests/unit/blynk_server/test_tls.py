from datetime import UTC, datetime
from pathlib import Path

import pytest

from blynk_gateway.blynk_server import tls
from blynk_gateway.blynk_server.certificates import make_certificates
from blynk_gateway.blynk_server.tls import (
    CertificateUnusable,
    load_certificate,
    make_context,
    own_names,
    run_module,
)
from blynk_gateway.config.options import TlsOptions

NOW = datetime(2026, 5, 1, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
DAY_MS = 86_400_000


def test_own_names_are_names_then_addresses(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trie, inet6 = tmp_path / "fib_trie", tmp_path / "if_inet6"
    trie.write_text(
        "  |-- 127.0.0.1\n     /32 host LOCAL\n  |-- 192.168.1.0\n     /24 link UNICAST\n"
        "  |-- 192.168.1.5\n     /32 host LOCAL\n  |-- 192.168.1.5\n     /32 host LOCAL\n"
    )
    inet6.write_text(
        "00000000000000000000000000000001 01 80 10 80       lo\n"
        "fe80000000000000ba27ebfffe000001 02 40 20 80     eth0\n"
        "20010db8000000000000000000000005 02 40 00 80     eth0\n"
        "20010db80000000000000000000000ff 02 40 00 01     eth0\n"
    )
    monkeypatch.setattr(tls, "_FIB_TRIE", trie)
    monkeypatch.setattr(tls, "_IF_INET6", inet6)
    monkeypatch.setattr("socket.gethostname", lambda: "Pi.fritz.box")
    assert own_names() == [
        "pi.fritz.box",
        "pi.local",
        "localhost",
        "127.0.0.1",
        "192.168.1.5",
        "::1",
        "2001:db8::5",
    ]


def test_without_tables_and_with_an_odd_host_name_loopback_is_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tls, "_FIB_TRIE", tmp_path / "none")
    monkeypatch.setattr(tls, "_IF_INET6", tmp_path / "none")
    monkeypatch.setattr("socket.gethostname", lambda: "my_pi!")
    assert own_names() == ["localhost", "127.0.0.1", "::1"]


@pytest.mark.parametrize(
    ("names", "now_ms", "is_good"),
    [
        (["localhost"], NOW_MS, True),
        (["localhost", "new.example"], NOW_MS, False),
        (["localhost"], NOW_MS + 366 * DAY_MS, True),
        (["localhost"], NOW_MS + 368 * DAY_MS, False),
    ],
)
def test_a_certificate_is_renewed_for_new_names_and_in_its_last_month(
    tmp_path: Path, names: list[str], now_ms: int, is_good: bool
) -> None:
    make_certificates(tmp_path, ["localhost", "old.example"], NOW)
    assert tls._is_good(tmp_path, names, now_ms) is is_good


@pytest.mark.parametrize("text", ["", "[]", '{"names": 1}', '{"names": [], "expires_ms": "x"}'])
def test_a_damaged_description_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "server.json").write_text(text)
    assert not tls._is_good(tmp_path, [], NOW_MS)


async def test_the_owners_certificate_is_loaded_instead(tmp_path: Path) -> None:
    make_certificates(tmp_path / "mine", ["localhost"], NOW)
    files = TlsOptions(tmp_path / "mine" / "server.pem", tmp_path / "mine" / "server.key")
    pem = await load_certificate(make_context(), files, tmp_path / "tls", NOW_MS)
    assert pem == (tmp_path / "mine" / "server.pem").read_bytes()
    assert not (tmp_path / "tls").exists()


@pytest.mark.parametrize("key", ["missing.key", "ca.key", "server.pem"])
async def test_files_that_do_not_fit_are_named(tmp_path: Path, key: str) -> None:
    make_certificates(tmp_path, ["localhost"], NOW)
    with pytest.raises(CertificateUnusable, match="expected a certificate and its key"):
        await load_certificate(
            make_context(), TlsOptions(tmp_path / "server.pem", tmp_path / key), tmp_path, NOW_MS
        )


async def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CertificateUnusable, match="no TLS certificate could be made"):
        await load_certificate(make_context(), TlsOptions(), tmp_path / "file" / "tls", NOW_MS)


async def test_a_process_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "MAKE_TIMEOUT_S", 0.0)
    with pytest.raises(CertificateUnusable, match="it cannot be read: it took more than 0 s"):
        await run_module("it cannot be read", "--describe")
