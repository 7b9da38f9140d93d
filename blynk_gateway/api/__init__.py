"""HTTP: both device dialects, `/api/v1`, the WebSocket carrier and the control socket."""

from blynk_gateway.api.app import HttpApi

__all__ = ["HttpApi"]
