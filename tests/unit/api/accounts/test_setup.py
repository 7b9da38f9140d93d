from blynk_gateway.api.accounts.setup import Setup


def test_without_a_link_nothing_is_right() -> None:
    setup = Setup()
    assert not setup.is_right("")
    token = setup.begin()
    setup.end()
    assert not setup.is_right(token)


def test_only_the_latest_link_is_right() -> None:
    setup = Setup()
    first, second = setup.begin(), setup.begin()
    assert first != second
    assert not setup.is_right(first)
    assert setup.is_right(second)
    assert second not in str(vars(setup))
