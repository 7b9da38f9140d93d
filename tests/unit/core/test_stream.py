from blynk_gateway.core.direct import DirectPin, PinMode
from blynk_gateway.core.stream import Stream

OUT = DirectPin(PinMode.OUT)


def test_a_value_belongs_to_the_mode_it_was_written_in() -> None:
    stream = Stream("D8", is_own=False)
    assert stream.is_direct
    stream.seq = 5
    assert stream.state().is_of_mode
    stream.turn(OUT, 6)
    assert not stream.state().is_of_mode
    stream.seq = 7
    stream.turn(OUT, 8)
    assert stream.state().is_of_mode
    stream.turn(DirectPin(PinMode.PWM), 9)
    assert not stream.state().is_of_mode


def test_a_virtual_pin_is_not_direct() -> None:
    assert not Stream("V1", is_own=True).is_direct
