"""HTTP: both device dialects, `/api/v1`, the WebSocket carrier and the control socket."""

from blynk_gateway.api.front_door import HttpApi

__all__ = ["HttpApi"]
