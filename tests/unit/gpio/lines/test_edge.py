from blynk_gateway.gpio.lines.edge import Edge, Edges


def test_the_level_of_a_batch_is_the_last_one() -> None:
    edges = (Edge(1, 0, 0.0, 0), Edge(0, 1, 0.001, 1))
    assert Edges(edges, 1, 1, 0).level == 0
