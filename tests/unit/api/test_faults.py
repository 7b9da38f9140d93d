import importlib
import pkgutil

import blynk_gateway.api
from blynk_gateway import errors
from blynk_gateway.api import faults
from blynk_gateway.blynk_server.listeners import AddressUnavailable
from blynk_gateway.blynk_server.tls import CertificateUnusable
from blynk_gateway.errors import GatewayError


def every_error(root: type[GatewayError]) -> list[type[GatewayError]]:
    found = [root]
    for one in root.__subclasses__():
        found += every_error(one)
    return found


def test_every_error_has_a_status_of_its_own_or_its_base() -> None:
    for module in pkgutil.walk_packages(blynk_gateway.api.__path__, "blynk_gateway.api."):
        importlib.import_module(module.name)
    for error in every_error(GatewayError):
        instance = error.__new__(error)
        if isinstance(instance, faults.Refusal):
            instance.status = 400
        assert 400 <= faults.status_of(instance) < 600, error


def test_every_code_of_the_table_belongs_to_an_error() -> None:
    codes = {error.code for error in every_error(GatewayError)}
    assert set(faults.STATUS_BY_CODE) <= codes


def test_error_without_a_row_has_the_status_of_its_base() -> None:
    assert faults.status_of(errors.HistoryCorrupt("x")) == 503
    assert faults.status_of(errors.HardwareError("x")) == 500
    assert faults.status_of(errors.NotWritable("x")) == 403


def test_what_only_another_part_makes_of_a_reload_is_no_fault_of_the_gateway() -> None:
    for error in (AddressUnavailable("x"), CertificateUnusable("x")):
        assert faults.status_of(error) == 409
