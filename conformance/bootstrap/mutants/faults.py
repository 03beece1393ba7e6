"""Mutants of the controllers' code: builds with one fault switched on (toolchain/variants.yaml)."""

from collections.abc import Mapping

from conformance.bootstrap.mutants.mutant import Mutant, fault

_FAULTS: Mapping[str, tuple[str, str, str]] = {
    "M30-insecure-fs": ("kustomize-controller", "insecure-fs", "builds may read files outside the artifact"),
    "M31-remote-components": ("kustomize-controller", "remote-components", "spec.components may be remote"),
    "M32-helm-charts": ("kustomize-controller", "helm-charts", "builds may inflate Helm charts"),
    "M33-exec-plugins": ("kustomize-controller", "exec-plugins", "builds may run exec plugins"),
    "M34-substitute-any-namespace": (
        "kustomize-controller",
        "substitute-any-namespace",
        "substituteFrom reads another tenant's namespace",
    ),
    "M35-archive-symlinks": ("source-controller", "archive-symlinks", "artifacts carry what symlinks point to"),
    "M36-include-any-namespace": ("source-controller", "include-any-namespace", "include reads another namespace"),
}


def mutants() -> list[Mutant]:
    """Return the mutants of this module, in the order of the report."""
    return [
        Mutant(
            id=name,
            description=f"a faulty {controller}: {text}",
            apply=fault(controller, name_of_fault),
            tools=(f"{controller}+unguarded",),
        )
        for name, (controller, name_of_fault, text) in _FAULTS.items()
    ]
