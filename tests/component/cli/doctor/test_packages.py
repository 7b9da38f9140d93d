from blynk_gateway.cli.doctor.finding import Level
from blynk_gateway.cli.doctor.packages import check_packages
from blynk_gateway.config import Options, Secret
from blynk_gateway.config.notifications.options import NotificationOptions, ServiceOptions
from blynk_gateway.config.options import HistoryOptions, MirrorOptions
from tests.component.cli.doctor.conftest import Machine

SERVICES = {"phone": ServiceOptions("phone", Secret("ntfy://x"))}
USED = Options(
    notifications=NotificationOptions(services=SERVICES),
    history=HistoryOptions(mirror=MirrorOptions("postgresql://db/x")),
)


def test_only_what_is_used_is_looked_for(machine: Machine) -> None:
    assert machine.find(check_packages, lambda _: False) == []
    machine.change(options=Options(notifications=NotificationOptions()))
    assert machine.find(check_packages, lambda _: False) == []


def test_each_missing_package_is_told_with_how_to_get_it(machine: Machine) -> None:
    machine.change(options=USED)
    phone, mirror = machine.find(check_packages, lambda _: False)
    assert phone.level is mirror.level is Level.FAULT
    assert phone.text == "notifications.services needs apprise, which is not installed"
    assert "apt install python3-asyncpg" in mirror.advice
    assert "blynk-gateway[postgres]" in mirror.advice


def test_what_is_there_is_fine(machine: Machine) -> None:
    machine.change(options=USED)
    assert machine.only(check_packages, lambda _: True)[:2] == (
        Level.OK,
        "apprise, asyncpg for what is configured",
    )
    machine.change(faults=("a fault",))
    assert machine.find(check_packages, lambda _: False) == []
