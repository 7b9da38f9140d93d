"""The one error hierarchy.

    GatewayError
    ├ ConfigError                     the configuration file; exit code 78
    ├ ProtocolError                   the Blynk wire
    │ ├ LocalProtocolError            we misused a connection: a bug
    │ └ RemoteProtocolError           the peer broke the protocol
    ├ PinError                        one write or one address, nothing was changed
    │ ├ UnknownPin
    │ ├ InvalidValue
    │ ├ NotWritable
    │ ├ LoopDetected
    │ └ TooManyCommands
    ├ DeviceError
    │ ├ UnknownDevice
    │ ├ UnknownToken
    │ ├ DeviceExists
    │ └ DeviceOffline
    ├ PeerError                       a far end that we call
    │ ├ PeerDown                      try again
    │ └ PeerRefused                   credentials: trying again is useless for long
    ├ HardwareError                   a line, bus or sensor of the Pi
    │ ├ GpioUnavailable               no library or no chip to drive lines with
    │ ├ LineUnavailable               this one line
    │ └ SensorSilent                  it did not answer, or with nonsense
    └ HistoryError
      ├ HistoryCorrupt
      └ SchemaTooNew

A message says where, what was found and what was expected; `hint` says what to do.
`code` is stable: adapters map it to their own world (Blynk status, HTTP status, exit code).
"""

from typing import ClassVar


class GatewayError(Exception):
    """Root of every error this program raises on purpose."""

    code: ClassVar[str] = "gateway.error"
    hint: ClassVar[str] = "Look into the log for what happened just before."


class ConfigError(GatewayError):
    """The configuration cannot be used; `faults` holds every complaint, one line each."""

    code = "config.invalid"
    hint = "Correct what is named above and run `blynk-gateway check-config`."

    def __init__(self, *faults: object) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


class ProtocolError(GatewayError):
    """The Blynk wire protocol was broken, by us or by the peer."""

    code = "protocol.error"
    hint = "Compare the bytes with docs/reference/protocol.md."


class LocalProtocolError(ProtocolError):
    """We used a connection in a way its state does not allow. Always a bug of ours."""

    code = "protocol.local"
    hint = "Please report this with the traceback: it is a fault of the gateway."


class RemoteProtocolError(ProtocolError):
    """The peer sent what the protocol does not allow; its connection must be closed.

    Args:
        message: what was found and what was expected.
        status: Blynk status to answer before closing, None for silence.
    """

    code = "protocol.remote"
    hint = "Check that the client speaks the Blynk device protocol, and to the right port."

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class PinError(GatewayError):
    """A pin could not be read or written as asked; its value is unchanged."""

    code = "pin.error"
    hint = "Check the pin address, for example greenhouse/V5."


class UnknownPin(PinError):
    """The text names no pin."""

    code = "pin.unknown"
    hint = (
        "Use V0…V255, D0…D255 or A0…A255, for example greenhouse/V5; which lines of the Pi are open"
        " says `gpio.direct`."
    )


class InvalidValue(PinError, ValueError):
    """The value does not fit the pin's datastream or mode."""

    code = "pin.invalid_value"
    hint = "Send a value that fits the pin's datastream or mode, or change that."


class NotWritable(PinError):
    """The datastream may be written by its device only, or the pin is an input."""

    code = "pin.not_writable"
    hint = (
        "Set `writable: true` in the datastream if others may write it; make an input an output by"
        " `blynk-gateway pin mode`, or where its mode is declared."
    )


class LoopDetected(PinError):
    """A write would continue a loop of links."""

    code = "pin.loop"
    hint = "Remove one of the links that write each other."


class TooManyCommands(PinError):
    """A pin is flooded with commands, as by a loop that leads through a device."""

    code = "pin.too_many_commands"
    hint = "Look for a device or program that answers each command with the same again."


class DeviceError(GatewayError):
    """A device could not be found, added or reached."""

    code = "device.error"
    hint = "Choose another name, token or template; `blynk-gateway device add --help` says more."


class UnknownDevice(DeviceError):
    """No device has this slug."""

    code = "device.unknown"
    hint = "List the devices with `blynk-gateway device list`."


class UnknownToken(DeviceError):
    """No device has this auth token."""

    code = "device.unknown_token"
    hint = "Add the device with `blynk-gateway device add NAME --token TOKEN`, or pair it."


class DeviceExists(DeviceError):
    """The slug or the token is taken."""

    code = "device.exists"
    hint = "Choose another name or token, or remove the other device first."


class DeviceOffline(DeviceError):
    """The device has no connection at the moment."""

    code = "device.offline"
    hint = "Check its power and Wi-Fi; values written now are delivered when it syncs."


class PeerError(GatewayError):
    """A far end that we call did not do its part."""

    code = "peer.error"
    hint = "Check the address and that the service there is running."


class PeerDown(PeerError):
    """The far end cannot be reached now; trying again later makes sense."""

    code = "peer.down"


class PeerRefused(PeerError):
    """The far end refused us; trying again with the same credentials does not help."""

    code = "peer.refused"
    hint = "Check the token or password for that service."


class HardwareError(GatewayError):
    """A line, a bus or a sensor of the Pi could not be used."""

    code = "hardware.error"
    hint = "Run `blynk-gateway doctor` on the Pi."


class GpioUnavailable(HardwareError):
    """There is no library or no chip to drive lines with."""

    code = "hardware.gpio_unavailable"


class LineUnavailable(HardwareError):
    """A GPIO line does not exist, is somebody else's, or cannot do what is asked of it."""

    code = "hardware.line"


class SensorSilent(HardwareError):
    """A sensor is not there, did not answer, or answered nonsense."""

    code = "hardware.sensor"
    hint = "Check its wires, and see what answers: `blynk-gateway sensors scan`."


class HistoryError(GatewayError):
    """The database could not be read or written."""

    code = "history.error"
    hint = "Check free space and permissions of the data directory."


class HistoryCorrupt(HistoryError):
    """The database file is damaged."""

    code = "history.corrupt"
    hint = "Move the file away to start anew."


class SchemaTooNew(HistoryError):
    """The database was written by a newer version of this program."""

    code = "history.too_new"
    hint = "Install that version again, or move the file away to start anew."
