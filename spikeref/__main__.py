"""`python -m spikeref` is `spikeref`."""

import sys

from spikeref.cli import main

if __name__ == "__main__":
    sys.exit(main())
