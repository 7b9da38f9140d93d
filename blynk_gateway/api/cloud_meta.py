"""Metadata and provisioning in the Blynk IoT dialect.

A metadata field is called by its exact name. The built-in ones exist always, others from their
first write. Source: blynk-protocol §10.2 and §12.2.
"""

from aiohttp import web

from blynk_gateway.api.bodies import only_field
from blynk_gateway.api.cloud_call import CloudCall
from blynk_gateway.api.faults import Refusal
from blynk_gateway.api.replies import device_empty, device_json
from blynk_gateway.api.services import Services
from blynk_gateway.api.writes import http_origin
from blynk_gateway.core.metadata import SECRET_FIELD, find_metadata
from blynk_gateway.errors import InvalidValue

MAX_INFO = 128
"""Longest value of one info field, characters."""

_INFO_KEYS = {
    "templateId": "tmpl",
    "build": "build",
    "ver": "fw",
    "type": "dev",
    "fwType": "fw-type",
    "blVer": "ver",
    "boType": "bo-type",
}
"""Query fields of `provision` and the keys of the info message that say the same."""


class CloudMeta:
    """Answers `/external/api/device/meta…` and `/external/api/provision`."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def get(self, call: CloudCall) -> web.Response:
        """`metaFieldId=NAME` → `{"type": "Text", "value": …}`."""
        field = only_field(call.query, "metaFieldId") or only_field(call.query, "metaFieldName")
        if not field:
            raise Refusal("Wrong metaField format.")
        value = find_metadata(call.device, field, self._services.zone.name)
        if value is None:
            raise Refusal("MetaField doesn't exist.")
        return device_json({"type": "Text", "value": value})

    async def update(self, call: CloudCall) -> web.Response:
        """`metaFieldId=NAME&value=…`; a field that does not exist yet is made."""
        field = only_field(call.query, "metaFieldName") or only_field(call.query, "metaFieldId")
        if not field:
            raise Refusal("Wrong metaField format")
        if field == SECRET_FIELD:
            raise Refusal("MetaField doesn't exist")
        value = only_field(call.query, "value")
        if value is None:
            raise Refusal("Wrong value")
        self._services.registry.heard(call.device, http_origin(call.device))
        try:
            self._services.registry.set_metadata(
                call.device, field, value, http_origin(call.device)
            )
        except InvalidValue:
            raise Refusal("Wrong value") from None
        return device_empty()

    async def provision(self, call: CloudCall) -> web.Response:
        """`templateId=…` and what else the firmware says of itself; kept as its info."""
        if not only_field(call.query, "templateId"):
            raise Refusal("Request with incorrect parameters")
        told = {
            key: value[:MAX_INFO]
            for name, key in _INFO_KEYS.items()
            if (value := only_field(call.query, name))
        }
        self._services.registry.heard(call.device, http_origin(call.device))
        info = {**dict(call.device.info), **told}
        self._services.registry.told(call.device, info.items(), http_origin(call.device))
        return device_empty()
