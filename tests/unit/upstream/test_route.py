"""What routes say of their servers."""

from blynk_gateway.upstream.route import TooFast


def test_a_server_may_say_when_to_come_again() -> None:
    assert TooFast("flood").retry_after_s == 0
    assert TooFast("no more today", retry_after_s=3600).retry_after_s == 3600
    assert str(TooFast("flood")) == "flood"
