"""What a platform can show, and a check may ask for."""

from enum import StrEnum


class Capability(StrEnum):
    """What a cluster can show; a check asks for it with `needs=`."""

    FLUX_PROCESSES = "flux-processes"
    """The suite can see the running controllers: their arguments, logs and temporary files."""
    FAULTY_BUILDS = "faulty-builds"
    """The suite can run a controller from a mutated build."""
    AUDIT_LOG = "audit-log"
    NODES = "nodes"
    """Real kubelets: Pods are executed."""
    NETWORK_POLICY = "network-policy"
    """The provider claims a network that enforces NetworkPolicies; check E00 proves it."""
    FLUX_CLI = "flux-cli"
    """Flux was bootstrapped by its CLI: its manifests and their patches lie in the fleet repository."""
    FLUX_OPERATOR = "flux-operator"
    """Flux Operator runs, and keeps Flux as the FluxInstance of the platform says."""
    DRY_RUNS = "dry-runs"
    """The suite may ask as a tenant of its own what admission and authorization answer; nothing of it lasts."""
    SUBMISSIONS = "submissions"
    """The suite may make, change and delete objects, and ask as somebody else: the platform is the run's own."""
    REPOSITORIES = "repositories"
    """The suite serves the fleet and its tenants, and Flux came from there: what Git says, and since when, is known."""
