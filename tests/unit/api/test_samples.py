from blynk_gateway.api.samples import Sample, labels, series


def test_metric_has_its_head_and_a_line_for_each_sample() -> None:
    samples = [Sample(1), Sample(2.5, labels(device="shed", upstream="cloud"))]
    assert list(series("things", "gauge", "Things known.", samples)) == [
        "# HELP blynk_gateway_things Things known.",
        "# TYPE blynk_gateway_things gauge",
        "blynk_gateway_things 1",
        'blynk_gateway_things{device="shed",upstream="cloud"} 2.5',
    ]


def test_metric_without_a_sample_is_not_there() -> None:
    assert list(series("things", "gauge", "Things known.", [])) == []


def test_labels_may_hold_any_text() -> None:
    assert labels(name='a"b\\c\nd') == 'name="a\\"b\\\\c\\nd"'
