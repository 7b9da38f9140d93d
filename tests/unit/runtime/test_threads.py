import threading
from pathlib import Path

import pytest

from blynk_gateway.runtime.threads import is_uninterruptible


def test_a_thread_that_runs_or_sleeps_can_be_woken() -> None:
    end = threading.Event()
    sleeper = threading.Thread(target=end.wait)
    sleeper.start()
    assert sleeper.native_id is not None
    assert not is_uninterruptible(sleeper.native_id)
    assert not is_uninterruptible(threading.get_native_id())
    end.set()
    sleeper.join()
    assert not is_uninterruptible(sleeper.native_id)


@pytest.mark.parametrize(
    ("stat", "expected"),
    [
        ("7 (python3) D 1 7 7 0", True),
        ("7 (python3) S 1 7 7 0", False),
        ("7 (D) S 1 7 7 0", False),
        ("7 (a ) D b) D 1 7 7 0", True),
        ("7 (a ) D b) R 1 7 7 0", False),
        ("", False),
    ],
)
def test_the_state_follows_the_name_whatever_that_is(
    tmp_path: Path, stat: str, expected: bool
) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "stat").write_text(stat)
    assert is_uninterruptible(7, tmp_path) is expected
