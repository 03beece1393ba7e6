"""`python -m conformance` is `flux-tenancy`."""

from conformance.cli import main

main()
