"""What a run can be asked for besides its provider."""

from enum import StrEnum


class Route(StrEnum):
    """How Flux gets onto a cluster: the bootstrap."""

    CLI = "cli"
    OPERATOR = "operator"


class Sync(StrEnum):
    """Where the cluster takes the fleet from."""

    GIT = "git"
    OCI = "oci"
    """An artifact, pushed by `flux push artifact`."""


class Onboarding(StrEnum):
    """How the tenants of the checks are brought in."""

    BASE = "base"
    """As copies of the fleet's own tenant base."""
    COMMAND = "command"
    """By `flux create tenant`, with the components that the fleet adds."""
    RESOURCESET = "resourceset"
    """As inputs of a copy of the fleet's ResourceSet."""


class Mode(StrEnum):
    """What is done to a cluster that is there already."""

    AUDIT = "audit"
    """It is read, and nothing else."""
    PROBE = "probe"
    """A tenant of the suite's own tries what it may, in throw-away namespaces."""
