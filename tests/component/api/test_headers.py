"""What every answer says to browsers: whatever they are led to open is no page of this gateway."""

import pytest

from tests.helpers.http import ADMIN, TOKEN, Site
from tests.helpers.visitors import Visitor

MARKUP = "<script>alert(document.domain)</script>"
XML = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    "path",
    [
        f"/{TOKEN}/get/V7",
        f"/{TOKEN}/project",
        f"/{'x' * 32}/get/V7",
        f"/external/api/get?token={TOKEN}&V7",
        f"/external/api/get?token={MARKUP}&V7",
        f"/external/api/device/meta?token={TOKEN}&metaFieldId=1",
        "/uploads/greenhouse/nothing",
        "/ca.crt",
        "/metrics",
        f"/{MARKUP}",
        "/ui/none/none.js",
        "/api/health",
        "/api/v1/openapi.json",
        "/api/v1/none",
        "/api/v1/devices",
        "/api/v1/devices/greenhouse/qr",
        "/api/v1/devices/greenhouse/sketch",
        "/api/v1/dashboards/device:greenhouse/yaml",
        "/api/v1/history/greenhouse/V7?format=csv",
        "/api/v1/backup",
    ],
)
@pytest.mark.parametrize("value", [MARKUP, XML], ids=["html", "svg"])
async def test_nothing_that_is_no_page_runs_or_is_taken_for_one(
    site: Site, path: str, value: str
) -> None:
    await site.request("PUT", "/api/v1/pins/greenhouse/V7", {"value": value}, bearer=ADMIN)
    answer = await site.request("GET", path, bearer=ADMIN if path.startswith("/api") else None)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert "html" not in answer.headers.get("Content-Type", "")


async def test_answers_to_a_browser_without_a_login_say_so_too(site: Site) -> None:
    answer = await Visitor(site).request("GET", "/devices")
    assert answer.status == 401
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_page_has_its_own_policy_alone(site: Site) -> None:
    page = await site.raw(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert page.count(b"Content-Security-Policy") == 1
    assert page.count(b"X-Content-Type-Options") == 1
    assert b"script-src 'self'" in page
