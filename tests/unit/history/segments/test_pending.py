from blynk_gateway.history.segments.pending import MAX_EVENTS, ROWS_PER_STATEMENT, Pending
from blynk_gateway.history.segments.segment import Segment


def segment(first_seq: int, points: int) -> Segment:
    return Segment(first_seq, first_seq + points - 1, points, 0, 0, b"")


def event(seq: int) -> tuple[object, ...]:
    return (seq, "a", "logged", b"code", b"", "device", b"1", 0)


def test_later_row_with_the_same_key_replaces_the_earlier() -> None:
    pending = Pending()
    pending.put("property", ("a", "V1", "color", b"red"))
    pending.put("property", ("a", "V1", "label", b"x"))
    pending.put("property", ("a", "V1", "color", b"blue"))
    ((sql, values),) = pending.statements()
    assert sql == "INSERT OR REPLACE INTO property VALUES (?, ?, ?, ?), (?, ?, ?, ?)"
    assert values == ["a", "V1", "color", b"blue", "a", "V1", "label", b"x"]


def test_deletion_comes_after_earlier_rows_and_before_later_ones() -> None:
    pending = Pending()
    pending.put("device", ("a", "old"))
    pending.delete(("DELETE FROM device WHERE device = ?", ("a",)))
    pending.put("device", ("a", "new"))
    assert [values for _, values in pending.statements()] == [["a", "old"], ("a",), ["a", "new"]]


def test_many_rows_go_into_few_statements() -> None:
    pending = Pending()
    for stream in range(ROWS_PER_STATEMENT + 1):
        pending.put("value", (stream, b"1", 0, 0))
    sizes = [len(values) for _, values in pending.statements()]
    assert sizes == [4 * ROWS_PER_STATEMENT, 4]


def test_oldest_segments_are_dropped_first_and_counted() -> None:
    pending = Pending()
    pending.put_segment(segment(1, 30))
    pending.delete(("DELETE FROM device WHERE device = ?", ("a",)))
    pending.put_segment(segment(31, 30))
    pending.put_segment(segment(61, 30))
    assert pending.drop_oldest(50) == 60
    assert pending.points == 30
    assert [values[0] for sql, values in pending.statements() if "segment" in sql] == [61]
    assert pending.drop_oldest(50) == 0


def test_waiting_events_are_bounded_to_the_latest() -> None:
    pending = Pending()
    for seq in range(MAX_EVENTS + 2):
        pending.put("event", event(seq))
    seqs = [seq for _, values in pending.statements() for seq in values[::8]]
    assert seqs == list(range(2, MAX_EVENTS + 2))


def test_pending_is_true_while_there_is_something_to_write() -> None:
    pending = Pending()
    assert not pending
    pending.delete(("DELETE FROM device WHERE device = ?", ("a",)))
    assert pending
    pending.put_segment(segment(1, 1))
    assert pending


def test_a_batch_put_back_is_written_before_what_came_since() -> None:
    batch, later = Pending(), Pending()
    batch.put("setting", ("key", "old"))
    later.put("setting", ("key", "new"))
    later.delete(("DELETE FROM device WHERE device = ?", ("a",)))
    batch.append(later)
    written = [list(values) for _, values in batch.statements()]
    assert written == [["key", "old"], ["key", "new"], ["a"]]
