"""How long tests wait for what must happen."""

PATIENCE_S = 30.0
"""The limit of every wait that is only there so that nobody waits for ever.

It decides nothing but how late a hang is told: a wait ends as soon as what it waits for is there. A
busy machine may stand still for seconds, so that a shorter limit would fail where nothing is wrong;
a longer one would come too close to the 60 s that pytest gives a test. Speed is for benchmarks.
"""
