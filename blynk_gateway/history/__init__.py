"""The journal: everything that was published, on disk. It knows no wire protocol."""

from blynk_gateway.history.journal import Journal
from blynk_gateway.history.lock import HistoryInUse
from blynk_gateway.history.restore import Restored
from blynk_gateway.history.retention import Keep

__all__ = ["HistoryInUse", "Journal", "Keep", "Restored"]
