from blynk_gateway.config.secret import Secret


def test_no_way_of_printing_shows_the_text() -> None:
    secret = Secret("hidden")
    shown = [str(secret), repr(secret), f"{secret}", f"{secret!r}", "%s" % secret, repr([secret])]  # noqa: UP031
    assert not any("hidden" in text for text in shown)
    assert secret.reveal() == "hidden"


def test_secrets_are_equal_by_their_text() -> None:
    assert Secret("a") == Secret("a")
    assert hash(Secret("a")) == hash(Secret("a"))
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
