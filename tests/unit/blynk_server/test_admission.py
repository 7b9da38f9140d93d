import asyncio
import resource

import pytest

from blynk_gateway.blynk_server.admission import (
    MAX_CONNECTIONS,
    RESERVED_FILES,
    Admission,
    connection_limit,
)


class Stranger:
    def __init__(self, admission: Admission, host: str) -> None:
        self.admission = admission
        self.host = host
        self.reason = ""

    def enter(self) -> bool:
        return self.admission.enter(self, self.host)

    def cut(self, reason: str) -> None:
        self.reason = reason
        self.admission.leave(self, self.host)


def test_at_the_limit_the_busiest_host_loses_its_oldest() -> None:
    admission = Admission(4)
    lone = Stranger(admission, "10.0.0.1")
    crowd = [Stranger(admission, "10.0.0.2") for _ in range(3)]
    for one in (lone, *crowd):
        assert one.enter()
    assert Stranger(admission, "10.0.0.3").enter()
    assert [bool(one.reason) for one in (lone, *crowd)] == [False, True, False, False]
    assert admission.count == 4


def test_devices_are_never_cut_for_strangers() -> None:
    admission = Admission(1)
    stranger = Stranger(admission, "10.0.0.1")
    assert stranger.enter()
    admission.leave(stranger, stranger.host)
    admission.device_came()
    assert not Stranger(admission, "10.0.0.1").enter()
    admission.device_went()
    assert Stranger(admission, "10.0.0.1").enter()


class Transport(asyncio.BaseTransport):
    is_open = True

    def is_closing(self) -> bool:
        return not self.is_open


@pytest.mark.parametrize(("limit", "most"), [(10, 5), (1, 1)])
def test_http_takes_half_of_the_room_until_somebody_leaves(limit: int, most: int) -> None:
    admission = Admission(limit)
    pages = [Transport() for _ in range(most)]
    assert all(admission.http_came(page) for page in pages)
    late = Transport()
    assert not admission.http_came(late)
    assert admission.count == most
    pages[0].is_open = False
    assert admission.http_came(late)
    assert admission.count == most


def test_a_connection_that_goes_on_as_another_object_counts_once() -> None:
    admission = Admission(9)
    old, new = Stranger(admission, "h"), Stranger(admission, "h")
    old.enter()
    admission.replace(old, new, "h")
    assert admission.count == 1
    admission.leave(old, "h")
    assert admission.count == 1
    admission.cut_waiting("stop")
    assert (admission.count, new.reason) == (0, "stop")


@pytest.mark.parametrize(
    ("hard", "expected"),
    [
        (1024, 1024 - RESERVED_FILES),
        (100, 1),
        (10**6, MAX_CONNECTIONS),
        (resource.RLIM_INFINITY, MAX_CONNECTIONS),
    ],
)
def test_the_limit_of_open_files_is_raised_and_some_are_kept(
    monkeypatch: pytest.MonkeyPatch, hard: int, expected: int
) -> None:
    raised: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: raised.append(limits))
    assert connection_limit() == expected
    assert raised == [(hard, hard)]


def test_a_limit_that_may_not_be_raised_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert connection_limit() == 1024 - RESERVED_FILES
