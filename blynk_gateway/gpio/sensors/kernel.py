"""What all sensors have in common that a driver of the kernel reads for us."""

import asyncio
from abc import abstractmethod
from pathlib import Path
from typing import TypeVar

from blynk_gateway.config.gpio.sensors import HwmonOptions, IioOptions, OneWireOptions
from blynk_gateway.gpio.host import Host
from blynk_gateway.gpio.peripheral import Opening
from blynk_gateway.gpio.sampling import SampledPeripheral

K_co = TypeVar("K_co", bound=IioOptions | HwmonOptions | OneWireOptions, covariant=True)


class KernelSensor(SampledPeripheral[K_co]):
    """A sensor that is read from files: its reading, times `scale`, plus `offset`.

    It is found anew for each reading: one that comes back may have another number.

    Args:
        root: where `/sys` is.
    """

    def __init__(self, options: K_co, host: Host, root: Path = Path("/")) -> None:
        super().__init__(options, host)
        self.root = root

    @abstractmethod
    def find(self) -> None:
        """See whether the sensor is there, without asking it anything.

        Raises:
            SensorSilent: it is not.
        """

    @abstractmethod
    def measure(self) -> float:
        """Take one reading, in the unit of `sensors scan`. Runs in a thread, for up to seconds.

        Raises:
            SensorSilent: it is not there, or did not answer.
        """

    def open(self, opening: Opening) -> None:
        """Begin to read.

        Raises:
            SensorSilent: there is no such sensor.
        """
        self.find()
        super().open(opening)

    async def read(self) -> float:
        """Take one reading.

        Raises:
            SensorSilent: it is not there, or did not answer.
        """
        value = await asyncio.to_thread(self.measure)
        return value * self.options.scale + self.options.offset
