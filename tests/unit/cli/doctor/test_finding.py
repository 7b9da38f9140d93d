from blynk_gateway.cli.doctor.finding import Finding, Level, fault, ok, warning


def test_all_that_is_not_well_says_what_to_do() -> None:
    assert ok("disk", "room") == Finding(Level.OK, "disk", "room", "")
    assert warning("disk", "little", "Clean.") == (Level.WARNING, "disk", "little", "Clean.")
    assert fault("disk", "none", "Clean.") == (Level.FAULT, "disk", "none", "Clean.")


def test_levels_are_told_in_words() -> None:
    assert [f"{level}" for level in Level] == ["ok", "warning", "fault"]
