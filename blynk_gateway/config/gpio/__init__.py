"""What `gpio:` may say, from the words of the file to the options that the gateway works with.

- Options: `options` (the section), `common`, `outputs`, `inputs`, `sensors` (classes of the types).
- Schema: `schema` (the section), `keys` (what keys hold, and those that many types have),
  `output_types`, `input_types`, `sensor_types` (the keys of each type).
- Rules between options: `lines` (who uses which line), `checks` (faults and warnings).
"""
