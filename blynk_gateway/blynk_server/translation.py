"""Between pins and the ops of the wire: `aw` is for A pins, and for D pins in mode `pwm` as well.

Source: blynk-protocol §5.6 and §6 (a slider in PWM mode on a digital pin is sent as `aw`).
"""

from typing import TYPE_CHECKING

from blynk_gateway.core.change import Intent, Origin, PinChange
from blynk_gateway.core.definition import DeviceSource
from blynk_gateway.core.device import Device
from blynk_gateway.core.direct import MAX_ANALOG, DirectPin, PinMode, check_command
from blynk_gateway.core.store import OWN_MAX_ANALOG, PinStore
from blynk_gateway.core.value import PinValue
from blynk_gateway.errors import PinError

if TYPE_CHECKING:
    from blynk_gateway.blynk_server.context import Context


_OUTPUTS = (PinMode.OUT, PinMode.PWM)


def find_mode(store: PinStore, device: str, pin: str) -> PinMode | None:
    """The mode of a direct pin, None if it has none yet."""
    state = store.find(device, pin)
    return None if state is None or state.direct is None else state.direct.mode


def wire_pin(pin: str, mode: PinMode | None) -> str:
    """The pin to write on the wire: `D5` in mode `pwm` is written by `aw 5`, as `A5` is."""
    return f"A{pin[1:]}" if mode is PinMode.PWM else pin


def suits(pin: str, direct: DirectPin, value: PinValue) -> bool:
    """Whether a device may be sent the value: it was taken in another mode, or from the device."""
    try:
        check_command(pin, direct, value, MAX_ANALOG)
    except PinError:
        return False
    return True


def reported_pin(context: "Context", device: str, pin: str) -> str:
    """The pin that a device means by the `aw` of an A pin.

    An A pin that has a mode or was asked for (`ar`) is itself. Else it is the D pin of the same
    number, if that is in mode `pwm` or was asked for (`dr`).
    """
    digital = f"D{pin[1:]}"
    if find_mode(context.store, device, pin) is not None or (device, pin) in context.reads:
        return pin
    is_pwm = find_mode(context.store, device, digital) is PinMode.PWM
    return digital if is_pwm or (device, digital) in context.reads else pin


def command_pin(
    context: "Context", device: Device, pin: str, value: PinValue, origin: Origin
) -> PinChange | None:
    """Make a pin so for a device: another one's through a bridge, or the gateway's own.

    On the wire `aw` has a number only. It is for the D pin if that has a mode and the A pin none:
    never past the D pin's mode. The gateway's own A pins are inputs, so there it is always for a
    D pin. Between `dw` and `aw` a D pin changes its mode, unless the configuration declares it.

    Raises:
        PinError: as `PinStore.write` and `set_mode`; the pin is untouched then.
    """
    store, slug = context.store, device.slug
    is_own = device.definition.source is DeviceSource.GATEWAY
    is_analog = pin[0] == "A"
    digital = f"D{pin[1:]}"
    if is_analog and (
        is_own
        or (find_mode(store, slug, pin) is None and find_mode(store, slug, digital) is not None)
    ):
        pin = digital
    if pin[0] == "D":
        mode = find_mode(store, slug, pin)
        wanted = _mode_for(mode, is_analog=is_analog)
        if wanted is not mode:
            highest = OWN_MAX_ANALOG if is_own else MAX_ANALOG
            check_command(f"{slug}/{pin}", DirectPin(wanted), value, highest)
            store.set_mode(slug, pin, DirectPin(wanted), origin)
    return store.write(slug, pin, value, origin, Intent.COMMAND)


def _mode_for(mode: PinMode | None, *, is_analog: bool) -> PinMode:
    """The mode in which a D pin can be written so; inputs stay what they are and refuse it."""
    if mode is None or mode in _OUTPUTS:
        return PinMode.PWM if is_analog else PinMode.OUT
    return mode
