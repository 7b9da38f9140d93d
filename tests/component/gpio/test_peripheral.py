from blynk_gateway.config.gpio.sensors import Gauge, SystemOptions
from blynk_gateway.gpio.peripheral import Opening, Peripheral
from tests.helpers.gpio import Rig


class Silent(Peripheral[SystemOptions]):
    """The least that a peripheral is."""

    def open(self, opening: Opening) -> None:
        self.opening = opening

    async def close(self) -> None:
        pass


def test_one_that_says_nothing_obeys_nothing_and_shows_nothing() -> None:
    with Rig() as rig:
        options = SystemOptions(name="load", type=Gauge.CPU_LOAD, pin="V1")
        peripheral = Silent(options, rig.host)
        peripheral.open(Opening.CRASH)
        peripheral.command(rig.command("V1", "5"))
        assert peripheral.actual == ()
        assert (peripheral.options, peripheral.host) == (options, rig.host)
        assert rig.failures == []
