from blynk_gateway.core.ports import FrameRecord
from tests.helpers.http import ADMIN, Site

FRAMES = "/api/v1/devices/greenhouse/frames"


async def test_an_admin_reads_the_latest_frames(site: Site) -> None:
    site.frames.kept = [
        FrameRecord(4, 1000, "in", "hardware", 3, 9, "vw · 1 · 21.5", "10.0.0.7:50000"),
        FrameRecord(6, 1001, "out", "response", 3, 0, "200 OK", "10.0.0.7:50000"),
    ]
    answer = await site.request("GET", FRAMES, bearer=ADMIN)
    assert answer.json["last"] == 6
    assert answer.json["frames"][0] == {
        "n": 4,
        "at_ms": 1000,
        "direction": "in",
        "command": "hardware",
        "id": 3,
        "length": 9,
        "text": "vw · 1 · 21.5",
        "peer": "10.0.0.7:50000",
    }
    answer = await site.request("GET", f"{FRAMES}?after=4", bearer=ADMIN)
    assert [one["n"] for one in answer.json["frames"]] == [6]


async def test_what_is_no_device_or_no_number_is_refused(site: Site) -> None:
    answer = await site.request("GET", "/api/v1/devices/nowhere/frames", bearer=ADMIN)
    assert (answer.status, answer.json["error"]["code"]) == (404, "device.unknown")
    answer = await site.request("GET", f"{FRAMES}?after=x", bearer=ADMIN)
    assert answer.status == 400
