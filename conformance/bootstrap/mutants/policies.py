"""Mutants of the admission policies that the published architecture has."""

from conformance.bootstrap import changes_policies as policy
from conformance.bootstrap.canaries import Canary
from conformance.bootstrap.mutants.mutant import Mutant, audit_only


def mutants() -> list[Mutant]:
    """Return the mutants of this module, in the order of the report."""
    audited = {
        "sources": (Canary.SOURCE, "M05-sources"),
        "buckets": (Canary.BUCKET, "M05-buckets"),
        "kubeconfig": (Canary.KUBECONFIG, "M05-kubeconfig"),
        "pods": (Canary.POD, "M05-pods"),
    }
    found = [
        Mutant(id=name, description=f"the binding of the {which} policy only audits", apply=audit_only(which, canary))
        for which, (canary, name) in audited.items()
    ]
    return [
        *found,
        Mutant(
            id="M05-buckets-elsewhere",
            description="the binding of the buckets policy selects namespaces that no tenant has",
            apply=policy.bucket_binding_elsewhere,
        ),
        Mutant(
            id="M05-buckets-labelled",
            description="the binding of the buckets policy looks at objects with a label that none has",
            apply=policy.bucket_binding_labelled,
        ),
        Mutant(
            id="M06-slash", description="allowlist prefixes lack their last slash", apply=policy.allowlist_without_slash
        ),
        Mutant(id="M06-wide", description="the allowlist has prefixes without a host", apply=policy.allowlist_wide),
        Mutant(id="M07", description="parameterNotFoundAction is Allow", apply=policy.parameters_not_found_allow),
        Mutant(
            id="M08",
            description="the policies' bindings select every namespace",
            apply=policy.bindings_everywhere,
            blinds=frozenset({"B38", "B40"}),  # which change lists of their own, where the fleet's list is none
        ),
        Mutant(id="M09", description="the kubeConfig policy misspells its field", apply=policy.kubeconfig_misspelt),
        Mutant(
            id="M24-update", description="the sources policy does not see updates", apply=policy.sources_without_update
        ),
    ]
