"""Mutants of credentials, decryption keys, notification and image automation."""

from conformance.bootstrap import changes_secrets as secret
from conformance.bootstrap.encryption import PLATFORM_KEY, TENANT_KEY
from conformance.bootstrap.mutants.mutant import Mutant, with_flag


def mutants() -> list[Mutant]:
    """Return the mutants of this module, in the order of the report."""
    return [
        Mutant(
            id="M17",
            description="kustomize-controller runs with --sops-age-secret",
            apply=with_flag("kustomize-controller", f"--sops-age-secret={PLATFORM_KEY}"),
        ),
        Mutant(
            id="M40-foreign-key",
            description="the attacker's namespace holds the victim's decryption key",
            apply=lambda p, _: secret.foreign_key_added(p),
        ),
        Mutant(
            id="M41-tenant-key-lost",
            description="the tenant's decryption key is another one",
            apply=lambda p, _: secret.key_replaced(p, TENANT_KEY, secret.ATTACKER),
        ),
        Mutant(
            id="M42-platform-key-copied",
            description="the attacker's namespace holds the platform's decryption key",
            apply=lambda p, _: secret.platform_key_copied(p),
        ),
        Mutant(
            id="M43-platform-key-lost",
            description="the platform's decryption key is another one",
            apply=lambda p, _: secret.key_replaced(p, PLATFORM_KEY, p.flux_namespace),
        ),
        Mutant(
            id="M44-canary-copied",
            description="the attacker's namespace holds a copy of the victim's canary",
            apply=lambda p, _: secret.canary_copied(p),
        ),
        Mutant(
            id="M45-canary-in-event",
            description="an event in the attacker's namespace names the victim's canary",
            apply=lambda p, _: secret.canary_in_event(p),
        ),
        Mutant(
            id="M46-canary-notified",
            description="a tenant's webhook was sent the victim's canary",
            apply=lambda p, _: secret.canary_notified(p),
        ),
    ]
