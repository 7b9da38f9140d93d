"""The section `mqtt`: options, their schema and what must fit together.

Import the modules themselves: `options` knows nothing of YAML and of the rest of `config`.
"""
