import pytest

from blynk_gateway.config.upstream.options import (
    BudgetOptions,
    Server,
    UpstreamOptions,
    UpstreamTlsOptions,
    Via,
)


@pytest.mark.parametrize(
    ("via", "with_tls", "without"),
    [
        (Via.TCP, (443, 9443), (80, 8080)),
        (Via.HTTPS, (443,), (80,)),
        (Via.MQTT, (8883,), (1883,)),
        (Via.MQTT_GATEWAY, (8883,), (1883,)),
    ],
)
def test_each_way_has_its_usual_ports(
    via: Via, with_tls: tuple[int, ...], without: tuple[int, ...]
) -> None:
    assert UpstreamOptions("a", "nas", via=via).ports == with_tls
    assert UpstreamOptions("a", "nas", via=via, tls=None).ports == without
    assert UpstreamOptions("a", "nas", 7, UpstreamTlsOptions(), via).ports == (7,)


@pytest.mark.parametrize(
    ("server", "text"),
    [
        (Server("nas"), "nas"),
        (Server("nas", 80), "nas:80"),
        (Server("fd00::5"), "[fd00::5]"),
        (Server("fd00::5", 80), "[fd00::5]:80"),
    ],
)
def test_server_is_shown_as_it_is_written(server: Server, text: str) -> None:
    assert str(UpstreamOptions("a", *server).server) == text


def test_budget_of_nothing_is_no_limit() -> None:
    assert not BudgetOptions().is_limited
    assert BudgetOptions(month=1).is_limited
    assert BudgetOptions(day=1).is_limited


def test_pins_go_by_names_over_mqtt_only() -> None:
    assert [via for via in Via if via.is_mqtt] == [Via.MQTT, Via.MQTT_GATEWAY]
