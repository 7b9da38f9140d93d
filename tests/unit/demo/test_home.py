import socket

import pytest

from blynk_gateway.demo import home as home_module
from blynk_gateway.demo.home import (
    DEMO_HOST,
    SOIL_CHANNEL,
    NoFreePort,
    demo_options,
    moisten,
    new_home,
)
from blynk_gateway.gpio.lines.simulation import SimulatedFactory, SimulatedPins


def test_nothing_but_loopback_listens() -> None:
    server = demo_options(new_home()).server
    assert [address.host for address in server.listen] == ["127.0.0.1"]
    assert server.listen_tls == ()


def test_every_device_has_a_token_of_its_own_and_its_template() -> None:
    home = new_home()
    options = demo_options(home)
    tokens = {device.token.reveal() for device in options.devices.values()}
    assert tokens == {one.token for one in home.residents}
    assert len(tokens) == len(home.residents)
    for device in options.devices.values():
        assert options.datastreams_of(device)
    assert not tokens & {one.token for one in new_home().residents}


def test_a_taken_port_is_passed_over() -> None:
    with socket.socket() as holder:
        holder.bind((DEMO_HOST, 0))
        holder.listen()
        taken = holder.getsockname()[1]
        assert new_home(taken).port > taken


def test_without_a_free_port_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home_module, "PORTS_TRIED", 1)
    with socket.socket() as holder:
        holder.bind((DEMO_HOST, 0))
        holder.listen()
        with pytest.raises(NoFreePort, match="is taken"):
            new_home(holder.getsockname()[1])


def test_the_probe_in_the_soil_has_something_to_show() -> None:
    simulation = SimulatedPins(SimulatedFactory())
    moisten(simulation)
    assert 0.2 < simulation.adc()[SOIL_CHANNEL] < 0.8
    moisten(None)  # As where pins are real.
