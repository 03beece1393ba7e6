"""Mutants of the platform's own objects and deployments."""

from conformance.bootstrap import changes_network as network
from conformance.bootstrap import changes_platform as change
from conformance.bootstrap.changes_tenants import platform_kustomization
from conformance.bootstrap.mutants.mutant import Mutant, with_flag
from conformance.model import Capability

_CLI = frozenset({Capability.FLUX_CLI})
"""On the Operator's route the fleet's sync does not apply Flux; M18-multitenant and M18-unreconciled stand there."""


def mutants() -> list[Mutant]:
    """Return the mutants of this module, in the order of the report."""
    return [
        Mutant(
            id="M19",
            description="the namespace of Flux has no network policies",
            apply=lambda p, _: network.without_policies(p, [p.flux_namespace]),
        ),
        Mutant(
            id="M70-no-retry",
            description="the platform's Kustomization tenants has no retryInterval",
            apply=lambda p, _: platform_kustomization(p, "tenants", {"retryInterval": None}),
        ),
        Mutant(
            id="M70-no-wait",
            description="the platform's Kustomization policies does not wait",
            apply=lambda p, _: platform_kustomization(p, "policies", {"wait": None}),
        ),
        Mutant(
            id="M70-no-prune",
            description="the platform's Kustomization tenants does not prune",
            apply=lambda p, _: platform_kustomization(p, "tenants", {"prune": False}),
        ),
        Mutant(
            id="M71",
            description="the controllers' Deployments were changed and not rolled out",
            apply=lambda p, _: change.not_rolled_out(p),
        ),
        Mutant(
            id="M72-named-accounts",
            description="the accounts that attackers name are bound to cluster-admin in their own namespace",
            apply=lambda p, _: change.named_accounts_bound(p),
        ),
        Mutant(
            id="M73-insecure-tls-helm",
            description="helm-controller runs with --insecure-kubeconfig-tls",
            apply=with_flag("helm-controller", "--insecure-kubeconfig-tls=true"),
        ),
        Mutant(
            id="M74-external-artifact-kustomize",
            description="kustomize-controller runs with the feature gate ExternalArtifact",
            apply=with_flag("kustomize-controller", "--feature-gates=ExternalArtifact=true"),
        ),
        Mutant(
            id="M74-dns-lookups-helm",
            description="helm-controller runs with the feature gate AllowDNSLookups",
            apply=with_flag("helm-controller", "--feature-gates=AllowDNSLookups=true"),
        ),
        Mutant(
            id="M75-identity-kustomize",
            description="object identity is on in kustomize-controller, without default accounts",
            apply=with_flag("kustomize-controller", "--feature-gates=ObjectLevelWorkloadIdentity=true"),
        ),
        Mutant(
            id="M76-leases",
            description="the controllers' role lacks its rule on leases",
            apply=lambda p, _: change.without_leases_rule(p),
        ),
        Mutant(
            id="M77-view-secrets",
            description="Flux's role for viewers also reads Secrets",
            apply=lambda p, _: change.viewers_read_secrets(p),
        ),
        Mutant(
            id="M78-lockdown-not-in-git",
            description="the fleet repository lacks the lockdown patches",
            apply=lambda p, _: change.lockdown_not_in_git(p),
            needs=_CLI,
        ),
        Mutant(
            id="M79-platform-if-not-present",
            description="the platform's sync leaves objects that exist as they are",
            apply=lambda p, _: change.applied_once(p, p.flux_namespace),
            needs=_CLI,
        ),
        Mutant(
            id="M79-tenants-if-not-present",
            description="the sync of tenants leaves objects that exist as they are",
            apply=lambda p, _: change.applied_once(p, "tenants"),
        ),
        Mutant(
            id="M80-other-overlay",
            description="tenants' syncs apply the other environment's overlay",
            apply=lambda p, _: change.other_overlay(p),
        ),
        Mutant(
            id="M81-manifest-misspelt",
            description="a manifest of the fleet has a field that no release knows",
            apply=lambda p, _: change.fleet_file_changed(p, "retryInterval:", "retryEvery:"),
        ),
        Mutant(
            id="M81-manifest-outdated",
            description="a manifest of the fleet has an API version of the past",
            apply=lambda p, _: change.fleet_file_changed(
                p, "kustomize.toolkit.fluxcd.io/v1", "kustomize.toolkit.fluxcd.io/v1beta2"
            ),
        ),
    ]
