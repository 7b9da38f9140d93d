"""Whether a machine answers in the network, by the system's own ping program."""

import asyncio
import os
import re
import shutil
from contextlib import suppress

from blynk_gateway.config.gpio.sensors import PingOptions
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import HardwareError
from blynk_gateway.gpio.host import Host
from blynk_gateway.gpio.peripheral import Opening, Peripheral
from blynk_gateway.gpio.sampling import Schedule
from blynk_gateway.runtime.tasks import cancel, spawn

SPARE_S = 3.0
"""On top of `timeout_ms`: to start the program and to look the name up; then it is ended."""

_HOST = re.compile(r"[A-Za-z0-9_:][A-Za-z0-9_.:%-]{0,252}")
"""A name or an address of IPv4 or IPv6, with an interface: never an option of the program."""

_UP, _DOWN = 0, 1
"""What ping exits with. Source: manual page ping(8) of iputils."""

_REFUSED = re.compile(r"not permitted|permission denied", re.IGNORECASE)
"""What it says where the system lets it send nothing; other errors are an unknown name or no way
there, and then the machine does not answer either."""


class Ping(Peripheral[PingOptions]):
    """`ping`: 1 while `host` answers, else 0."""

    def __init__(self, options: PingOptions, host: Host) -> None:
        super().__init__(options, host)
        self._task: asyncio.Task[None] | None = None
        self._actual: PinValue = ()

    @property
    def actual(self) -> PinValue:
        """What was found last; `()` before the first answer."""
        return self._actual

    def open(self, opening: Opening) -> None:  # noqa: ARG002  the network does not care
        """Begin to ask.

        Raises:
            HardwareError: the host is no name or address, or there is no ping program.
        """
        if not _HOST.fullmatch(self.options.host):
            raise HardwareError(
                f"{self.options.host[:40]!r} is no name or address of a machine;"
                " expected one such as router.lan. Correct `host`"
            )
        self._task = spawn(self._run(find_program()), name=f"gpio-{self.options.name}")

    async def close(self) -> None:
        """Ask no more. May be called twice."""
        task, self._task = self._task, None
        self._actual = ()
        if task is not None:
            await cancel(task)

    async def _run(self, program: str) -> None:
        options = self.options
        schedule = Schedule(options.every_ms / 1000, self.host.clock.monotonic())
        while True:
            try:
                is_up = await ask(program, options.host, options.timeout_ms / 1000)
            except (HardwareError, OSError) as error:
                self.host.failed(options.name, error)
                return
            value = (str(int(is_up)),)
            if value != self._actual:
                self._actual = value
                self.host.report(options.pin, value)
            await asyncio.sleep(schedule.advance(self.host.clock.monotonic()))


def find_program() -> str:
    """Path of the ping program.

    Raises:
        HardwareError: there is none.
    """
    program = shutil.which("ping")
    if program is None:
        raise HardwareError("there is no ping program; install it: sudo apt install iputils-ping")
    return program


async def ask(program: str, host: str, timeout_s: float) -> bool:
    """Send one echo request.

    Args:
        program: path of ping.
        timeout_s: how long to wait for the answer.

    Returns:
        Whether it was answered in time.

    Raises:
        HardwareError: the system does not let this user send any.
        OSError: the program cannot be started.
    """
    # English whatever the system speaks: what it says is looked at.
    environment = os.environ | {"LC_ALL": "C"}
    process = await asyncio.create_subprocess_exec(
        *(program, "-n", "-q", "-c", "1", "-W", f"{timeout_s:g}", "--", host),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    try:
        async with asyncio.timeout(timeout_s + SPARE_S):
            _, said = await process.communicate()
    except TimeoutError:
        return False
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode == _UP:
        return True
    text = said.decode(errors="replace").strip()
    if process.returncode != _DOWN and _REFUSED.search(text):
        raise HardwareError(
            f"{text[:200]}; expected ping to work for every user."
            ' Set net.ipv4.ping_group_range="0 2147483647" by sysctl'
        )
    return False
