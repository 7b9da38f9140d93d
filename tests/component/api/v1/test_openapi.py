"""The OpenAPI document is true: requests made from it get the answers that it describes."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import checks
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.helpers.http import ADMIN, serving
from tests.helpers.patience import PATIENCE_S

EXAMPLES = 12
"""For each route: what is wrong in the document shows in the first few."""

ENDLESS = ("/api/v1/changes", "/api/v1/ws")
"""Answers without an end, and one that is no HTTP any more."""

CHECKS = (
    checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)


class Served:
    """A gateway's HTTP side on a thread of its own, as schemathesis waits for each answer."""

    def __init__(self, data_dir: Path) -> None:
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._end: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, args=(data_dir,))
        self.port = 0

    def __enter__(self) -> "Served":
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._end is not None
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
        self._loop.close()

    def _run(self, data_dir: Path) -> None:
        self._loop.run_until_complete(self._serve(data_dir))

    async def _serve(self, data_dir: Path) -> None:
        self._end = asyncio.Event()
        async with serving(data_dir) as site:
            self.port = site.port
            self._ready.set()
            await self._end.wait()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("data")) as served:
        yield served


def test_every_answer_is_as_the_document_says(served: Served) -> None:
    url = f"http://127.0.0.1:{served.port}/api/v1/openapi.json"
    faults: dict[str, str] = {}
    asked = 0
    for found in schemathesis.openapi.from_url(url).get_all_operations():
        assert isinstance(found, Ok), str(found.err())
        operation = found.ok()
        if operation.path in ENDLESS:
            continue
        asked += 1
        try:
            _ask(operation)
        except (BaseExceptionGroup, AssertionError) as error:
            faults[operation.label] = str(error)
    assert faults == {}
    assert asked > 40


def _ask(operation: schemathesis.APIOperation) -> None:  # type: ignore[type-arg]
    """Send requests made of an operation's description and check the answers against it."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: schemathesis.Case) -> None:  # type: ignore[type-arg]
        headers = {"Authorization": f"Bearer {ADMIN}"}
        case.call_and_validate(checks=list(CHECKS), headers=headers, timeout=PATIENCE_S)

    ask()
