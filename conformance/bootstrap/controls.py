"""What each control is, where a fleet sets it, and what to write there."""

from collections.abc import Mapping
from dataclasses import dataclass

from conformance.model import Control

_LOCKDOWN_FILE = "clusters/<environment>/flux-system/kustomization.yaml"


@dataclass(frozen=True, slots=True)
class ControlText:
    """What a control is and where a platform team sets it."""

    title: str
    where: str
    """File of the reference fleet, or the component whose code it is."""
    remedy: str


_UPGRADE = "run a Flux release whose controllers hold this; nothing in the fleet replaces it"

TEXTS: Mapping[Control, ControlText] = {
    Control.NO_CROSS_NAMESPACE_REFS: ControlText(
        "--no-cross-namespace-refs=true", _LOCKDOWN_FILE, "patch the flag into every controller's args"
    ),
    Control.NO_REMOTE_BASES: ControlText(
        "--no-remote-bases=true", _LOCKDOWN_FILE, "patch the flag into kustomize-controller's args"
    ),
    Control.DEFAULT_SERVICE_ACCOUNT: ControlText(
        "--default-service-account",
        _LOCKDOWN_FILE,
        "patch the flag, with the tenants' account, into kustomize- and helm-controller",
    ),
    Control.PLATFORM_SERVICE_ACCOUNT: ControlText(
        "serviceAccountName on the platform's Kustomizations",
        "clusters/<environment>/*.yaml",
        "set spec.serviceAccountName: kustomize-controller on each Kustomization in flux-system",
    ),
    Control.SOURCE_POLICY: ControlText(
        "policy on source addresses",
        "policies/base/sources.yaml",
        "bind the policy with validationActions [Deny, Audit]",
    ),
    Control.ALLOWLIST: ControlText(
        "allowlist of source addresses",
        "policies/<environment>/allowlist.yaml",
        "end each prefix in '/' after a path, and keep parameterNotFoundAction: Deny",
    ),
    Control.BUCKET_POLICY: ControlText(
        "policy against Buckets", "policies/base/buckets.yaml", "bind the policy with validationActions [Deny, Audit]"
    ),
    Control.KUBECONFIG_POLICY: ControlText(
        "policy against spec.kubeConfig",
        "policies/base/kubeconfig.yaml",
        "spell the field kubeConfig, and bind with validationActions [Deny, Audit]",
    ),
    Control.POD_POLICY: ControlText(
        "policy against Pods under the tenant's Flux account",
        "policies/base/pods.yaml",
        "bind the policy with validationActions [Deny, Audit]",
    ),
    Control.POLICY_SCOPE: ControlText(
        "namespaceSelector of the policies",
        "policies/base/*.yaml",
        "select namespaces by the existence of the tenant label, no more and no less",
    ),
    Control.IMPERSONATION: ControlText(
        "impersonation of the tenant's account",
        _LOCKDOWN_FILE,
        "keep --default-service-account, and bind that account in its own namespace only",
    ),
    Control.TENANT_ROLE: ControlText(
        "role of the tenant's account, and the guard of tenant namespaces",
        "policies/base/tenant-role.yaml, policies/guards/namespace.yaml",
        "bind tenants to a role without verbs on namespaces, and keep the guard bound with Deny",
    ),
    Control.TENANT_ROLE_BINDING: ControlText(
        "RoleBinding of the tenant's account",
        "tenants/base/<tenant>/rbac.yaml",
        "bind the account in the tenant's namespace",
    ),
    Control.POD_SECURITY: ControlText(
        "Pod Security labels",
        "tenants/base/<tenant>/",
        "label tenant namespaces pod-security.kubernetes.io/enforce: restricted",
    ),
    Control.RESOURCE_QUOTA: ControlText(
        "ResourceQuota", "tenants/base/<tenant>/", "give each tenant namespace a ResourceQuota"
    ),
    Control.LIMIT_RANGE: ControlText("LimitRange", "tenants/base/<tenant>/", "give each tenant namespace a LimitRange"),
    Control.POLICIES_FIRST: ControlText(
        "policies before tenants",
        "clusters/<environment>/tenants.yaml",
        "let tenants depend on policies, and policies wait",
    ),
    Control.TENANT_SYNC: ControlText(
        "the tenant's sync",
        "tenants/base/<tenant>/sync.yaml",
        "give each tenant a source and a Kustomization, not suspended",
    ),
    Control.PRUNE: ControlText("prune", "tenants/base/<tenant>/sync.yaml", "set spec.prune: true"),
    Control.GIT_CREDENTIALS: ControlText(
        "credentials of tenant repositories",
        "the git server",
        "give each tenant a credential for its own repository only",
    ),
    Control.KUBECONFIG_EXEC_OFF: ControlText(
        "no --insecure-kubeconfig-exec", _LOCKDOWN_FILE, "remove the flag from kustomize- and helm-controller"
    ),
    Control.SAME_NAMESPACE_LOOKUP: ControlText("lookups in the object's own namespace", "controllers' code", _UPGRADE),
    Control.LOCAL_COMPONENTS: ControlText("spec.components must be local", "kustomize-controller's code", _UPGRADE),
    Control.PLUGINS_OFF: ControlText("kustomize plugins are off", "kustomize-controller's code", _UPGRADE),
    Control.SECURE_FILE_SYSTEM: ControlText(
        "the build's file system ends at the artifact", "kustomize-controller's code", _UPGRADE
    ),
    Control.SOURCE_ARCHIVE: ControlText("artifacts carry no symlinks", "source-controller's code", _UPGRADE),
}
