from blynk_gateway.core.upstream import NoUpstreams, Upstreams


def test_gateway_without_a_server_above_tells_of_none() -> None:
    upstreams: Upstreams = NoUpstreams()
    assert upstreams.state() == []
