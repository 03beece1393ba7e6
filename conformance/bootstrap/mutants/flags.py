"""Mutants of the controllers' arguments."""

from conformance.bootstrap.mutants.mutant import Mutant, with_flag, without_flag

NO_CROSS = "--no-cross-namespace-refs"
DEFAULT_ACCOUNT = "--default-service-account"


def mutants() -> list[Mutant]:
    """Return the mutants of this module, in the order of the report."""
    short = {
        "kustomize": "M01",
        "helm": "M01",
        "notification": "M01",
        "image-reflector": "M01",
        "image-automation": "M01",
    }
    found = [
        Mutant(
            id=f"{prefix}-{name}",
            description=f"{name}-controller runs without --no-cross-namespace-refs",
            apply=without_flag(f"{name}-controller", NO_CROSS),
        )
        for name, prefix in short.items()
    ]
    found.append(
        Mutant(
            id="M02",
            description="kustomize-controller runs without --no-remote-bases",
            apply=without_flag("kustomize-controller", "--no-remote-bases"),
        )
    )
    found += [
        Mutant(
            id=f"M03-{name}",
            description=f"{name}-controller runs without --default-service-account",
            apply=without_flag(f"{name}-controller", DEFAULT_ACCOUNT),
        )
        for name in ("kustomize", "helm")
    ]
    found.append(
        Mutant(
            id="M16",
            description="kustomize-controller runs with --insecure-kubeconfig-exec",
            apply=with_flag("kustomize-controller", "--insecure-kubeconfig-exec=true"),
        )
    )
    return found
