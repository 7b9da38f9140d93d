"""How a mapping is called."""

from tests.helpers.upstream import Below


def test_a_mapping_is_called_by_its_server_and_device() -> None:
    below = Below()
    assert below.parts.key == "cloud/house"
    assert below.parts.component == "upstream cloud/house"
    assert str(below.parts.origin) == "upstream:cloud/house"
