from pathlib import Path

import pytest
from aiohttp.test_utils import make_mocked_request

from blynk_gateway.api.device_auth import DeviceAuth, bearer
from blynk_gateway.api.faults import Refusal
from tests.helpers.http import TOKEN, Site


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Basic abc", None),
        ("Bearer", None),
        ("Bearer ", None),
        ("abc", None),
    ],
)
def test_bearer_token_of_a_header(header: str, token: str | None) -> None:
    assert bearer(make_mocked_request("GET", "/", {"Authorization": header})) == token


def test_device_is_found_by_its_token_alone(tmp_path: Path) -> None:
    site = Site(tmp_path)
    auth = DeviceAuth(site.api._services)
    request = make_mocked_request("GET", "/")
    assert auth.device(TOKEN, request) is site.device
    for wrong in ("", TOKEN[:-1], TOKEN.upper(), "\udcff"):
        with pytest.raises(Refusal, match=r"^Invalid token\.$"):
            auth.device(wrong, request)
    assert site.health.counters["http_invalid_tokens"] == 4
