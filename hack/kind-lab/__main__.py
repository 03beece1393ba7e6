"""`python hack/kind-lab up|down|env|status`."""

import sys

from kind_lab.cli import main

sys.exit(main(sys.argv[1:]))
