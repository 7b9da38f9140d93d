from blynk_gateway.core.location import Location


def test_latitude_comes_first() -> None:
    assert Location(52.52, 13.41) == (Location(latitude=52.52, longitude=13.41))
    assert Location(52.52, 13.41).latitude == 52.52
