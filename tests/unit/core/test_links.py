from blynk_gateway.core.address import parse_address
from blynk_gateway.core.links import Link


def test_a_link_reads_from_its_source_to_its_target() -> None:
    assert str(Link(parse_address("a/v5"), parse_address("b/V7"))) == "a/V5 -> b/V7"
