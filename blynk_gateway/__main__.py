"""`python -m blynk_gateway`, the same as the command `blynk-gateway`."""

import sys

from blynk_gateway.cli import main

if __name__ == "__main__":
    sys.exit(main())
