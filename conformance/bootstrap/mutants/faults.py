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
    "M37-decrypt-any-namespace": (
        "kustomize-controller",
        "decrypt-any-namespace",
        "decryption keys are read from another namespace",
    ),
    "M38-kubeconfig-any-namespace": (
        "kustomize-controller",
        "kubeconfig-any-namespace",
        "kubeconfigs are read from another namespace",
    ),
    "M39-account-any-namespace": (
        "kustomize-controller",
        "account-any-namespace",
        "serviceAccountName may mean an account of the platform",
    ),
    "M40-path-escape": ("kustomize-controller", "path-escape", "spec.path may lead out of the artifact"),
    "M41-cycles-ignored": ("kustomize-controller", "cycles-ignored", "a cycle of bases is no error"),
    "M42-prune-as-controller": (
        "kustomize-controller",
        "prune-as-controller",
        "objects are pruned with the controller's rights",
    ),
    "M43-health-as-controller": (
        "kustomize-controller",
        "health-as-controller",
        "health checks have the controller's rights",
    ),
    "M44-owner-by-label": ("kustomize-controller", "owner-by-label", "objects are pruned by their labels"),
    "M45-existence-first": (
        "kustomize-controller",
        "existence-first",
        "sources are looked up before access is checked",
    ),
    "M46-narrow-root": ("kustomize-controller", "narrow-root", "a build reads nothing outside of its own folder"),
    "M47-secret-any-namespace": (
        "source-controller",
        "secret-any-namespace",
        "Secrets are read from another namespace",
    ),
    "M48-chart-path-escape": (
        "source-controller",
        "chart-path-escape",
        "the path of a chart may lead out of its source",
    ),
    "M49-chart-dependency-escape": (
        "source-controller",
        "chart-dependency-escape",
        "local dependencies of charts may lie outside",
    ),
    "M50-values-file-escape": ("source-controller", "values-file-escape", "values files may lie outside of the source"),
    "M51-auth-reuse": ("source-controller", "auth-reuse", "a credential serves every source of the same address"),
    "M52-ssh-any-host-key": ("source-controller", "ssh-any-host-key", "any SSH host key is accepted"),
    "M53-pass-credentials": (
        "source-controller",
        "pass-credentials",
        "credentials go to every host that charts lie on",
    ),
    "M54-values-any-namespace": ("helm-controller", "values-any-namespace", "valuesFrom reads another namespace"),
    "M55-uninstall-as-controller": (
        "helm-controller",
        "uninstall-as-controller",
        "releases are uninstalled with the controller's rights",
    ),
    "M69-insecure-directories": (
        "kustomize-controller",
        "insecure-directories,insecure-fs",
        "builds may enter folders outside the artifact",
    ),
    "M59-account-shell": ("kustomize-controller", "account-shell", "the token of a tenant's Secret reaches a shell"),
    "M93-untar-symlinks": ("source-controller", "untar-symlinks", "layers are unpacked with what symlinks point to"),
    "M94-fetch-symlinks": (
        "kustomize-controller",
        "untar-symlinks",
        "artifacts are unpacked with what symlinks point to",
    ),
    "M56-gcr-any-token": ("notification-controller", "gcr-any-token", "a gcr Receiver asks for no token"),
}


_SLOW = frozenset({"M69-insecure-directories"})


def mutants() -> list[Mutant]:
    """Return the mutants of this module, in the order of the report."""
    return [
        Mutant(
            id=name,
            slow=name in _SLOW,
            description=f"a faulty {controller}: {text}",
            apply=fault(controller, name_of_fault),
            tools=(f"{controller}+unguarded",),
        )
        for name, (controller, name_of_fault, text) in _FAULTS.items()
    ]
