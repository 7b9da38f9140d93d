"""Each fault is a part of a sentence."""

import errno

from blynk_gateway.runtime.connection_faults import CONNECTION_FAULTS


def test_refused_connection_says_that_nothing_listens() -> None:
    assert CONNECTION_FAULTS[errno.ECONNREFUSED] == "nothing listens there"


def test_each_fits_into_a_sentence() -> None:
    for text in CONNECTION_FAULTS.values():
        assert text[0].islower()
        assert not text.endswith(".")
