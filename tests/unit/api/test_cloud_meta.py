from pathlib import Path

import pytest
from aiohttp.test_utils import make_mocked_request

from blynk_gateway.api.cloud_call import CloudCall, Query
from blynk_gateway.api.cloud_meta import CloudMeta
from blynk_gateway.api.faults import Refusal
from blynk_gateway.core.metadata import EMPTY_FIELDS
from tests.helpers.http import CONFIG, Site


def call(site: Site, query: Query) -> CloudCall:
    return CloudCall(make_mocked_request("GET", "/"), site.device, query)


@pytest.mark.parametrize("field", EMPTY_FIELDS)
async def test_built_in_field_is_empty_until_written(tmp_path: Path, field: str) -> None:
    site = Site(tmp_path)
    meta = CloudMeta(site.api._services)
    answer = await meta.get(call(site, {"metaFieldName": [field]}))
    assert answer.body == b'{"type":"Text","value":""}'
    await meta.update(call(site, {"metaFieldId": [field], "value": ["here"]}))
    answer = await meta.get(call(site, {"metaFieldId": [field]}))
    assert answer.body == b'{"type":"Text","value":"here"}'


async def test_written_name_goes_before_the_declared_one(tmp_path: Path) -> None:
    site = Site(tmp_path)
    meta = CloudMeta(site.api._services)
    site.registry.set_metadata(site.device, "Device Name", "Tomatoes", CONFIG)
    answer = await meta.get(call(site, {"metaFieldId": ["Device Name"]}))
    assert answer.body == b'{"type":"Text","value":"Tomatoes"}'


async def test_secret_field_is_never_told(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.registry.set_metadata(site.device, "Auth Token", "secret", CONFIG)
    with pytest.raises(Refusal, match="doesn't exist"):
        await CloudMeta(site.api._services).get(call(site, {"metaFieldId": ["Auth Token"]}))


async def test_provisioning_keeps_long_texts_short(tmp_path: Path) -> None:
    site = Site(tmp_path)
    query = {"templateId": ["T" * 500], "other": ["x"]}
    await CloudMeta(site.api._services).provision(call(site, query))
    assert site.device.info == (("tmpl", "T" * 128),)
