"""Templates for Home Assistant."""

from blynk_gateway.mqtt.discovery.entities import templates


def test_values_become_labels() -> None:
    made = templates.mapped({"0": "Off", "1": "Größe"})
    assert made == '{{ {"0": "Off", "1": "Größe"}.get(value, "None") }}'


def test_text_of_peers_stays_inside_its_literal() -> None:
    made = templates.mapped({"0": '"}} {{ x }} \\'})
    assert made == '{{ {"0": "\\"}} {{ x }} \\\\"}.get(value, "None") }}'


def test_number_above_the_threshold_is_on() -> None:
    assert templates.switched("255", "0", 0) == '{{ "255" if value | float(0) > 0 else "0" }}'
    assert "> 1234567 " in templates.switched("1234575", "1234567", 1234567.0)
    assert templates.switched("1", "0", 0.5) == '{{ "1" if value | float(0) > 0.5 else "0" }}'


def test_event_is_json() -> None:
    assert templates.event('"changed"', value="value") == (
        '{{ {"event_type": "changed", "value": value} | tojson }}'
    )


def test_place_is_json_of_two_numbers() -> None:
    assert templates.position(longitude=0, latitude=1) == (
        '{{ {"latitude": value_json[1] | float(0), "longitude": value_json[0] | float(0)}'
        " | tojson }}"
    )


def test_long_text_is_cut() -> None:
    assert templates.shortened() == "{{ value[:255] }}"
    assert templates.shortened("(a or b)") == "{{ (a or b)[:255] }}"


def test_item_is_one_key() -> None:
    assert templates.item("backlog") == "{{ value_json.backlog }}"
