"""Which devices an app above looks at, of all servers together."""

from collections import defaultdict

from blynk_gateway.core.ports import AppStates


class Apps:
    """Tells devices of apps: that there is none only when no server has one."""

    def __init__(self, states: AppStates) -> None:
        self._states = states
        self._sources: defaultdict[str, set[str]] = defaultdict(set)

    def changed(self, source: str, device: str, *, is_active: bool) -> None:
        """An app above began or ceased to look at a device; repeats do no harm.

        Args:
            source: the mapping that says so.
            device: slug.
        """
        sources = self._sources[device]
        if is_active:
            sources.add(source)
            self._states.app_changed(device, True)
        elif source in sources:
            sources.remove(source)
            if not sources:
                self._states.app_changed(device, False)
