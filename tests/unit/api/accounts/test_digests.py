from blynk_gateway.api.accounts.digests import digest_of, new_secret


def test_digest_is_sha256_of_any_text_a_peer_can_send() -> None:
    # Source: FIPS 180-2, appendix B.1.
    assert digest_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest_of("\udcff") != digest_of("\udcfe")


def test_secrets_are_long_and_never_the_same() -> None:
    found = {new_secret() for _ in range(100)}
    assert len(found) == 100
    assert min(map(len, found)) >= 43
