"""What each control is, where a fleet sets it, and what to write there."""

from collections.abc import Mapping
from dataclasses import dataclass

from conformance.model import Control

_INSTANCE_FILE = "operator/<environment>/flux-instance.yaml"
_LOCKDOWN_FILE = f"clusters/<environment>/flux-system/kustomization.yaml, or {_INSTANCE_FILE}"
"""By the CLI, or by the Flux Operator."""


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
        "--no-cross-namespace-refs=true",
        _LOCKDOWN_FILE,
        "patch the flag into every controller's args, or set multitenant: true",
    ),
    Control.NO_REMOTE_BASES: ControlText(
        "--no-remote-bases=true",
        _LOCKDOWN_FILE,
        "patch the flag into kustomize-controller's args, or set multitenant: true",
    ),
    Control.DEFAULT_SERVICE_ACCOUNT: ControlText(
        "--default-service-account",
        _LOCKDOWN_FILE,
        "patch the flag, with the tenants' account, into kustomize- and helm-controller; "
        "or set tenantDefaultServiceAccount",
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
    Control.POLICY_BINDINGS: ControlText(
        "every policy is bound and denies",
        "policies/base/*.yaml, policies/guards/*.yaml, policies/<environment>/*.yaml",
        "bind each policy with validationActions [Deny, Audit], and leave failurePolicy: Fail",
    ),
    Control.IMAGE_POLICY: ControlText(
        "policy against image automation in production",
        "policies/production/image-automation.yaml",
        "bind the policy with validationActions [Deny, Audit], for CREATE and UPDATE",
    ),
    Control.FLUX_GUARD: ControlText(
        "guard of Kustomizations and HelmReleases",
        "policies/guards/flux.yaml",
        "bind the guard with validationActions [Deny, Audit]",
    ),
    Control.SOURCE_GUARD: ControlText(
        "guard of sources", "policies/guards/sources.yaml", "bind the guard with validationActions [Deny, Audit]"
    ),
    Control.STATUS_GUARD: ControlText(
        "guard of the status of Flux objects",
        "policies/guards/status.yaml",
        "bind the guard with validationActions [Deny, Audit]",
    ),
    Control.TOKEN_GUARD: ControlText(
        "guard against lasting tokens",
        "policies/guards/satoken.yaml",
        "bind the guard with validationActions [Deny, Audit]",
    ),
    Control.IMPERSONATION: ControlText(
        "impersonation of the tenant's account",
        _LOCKDOWN_FILE,
        "keep --default-service-account, and bind that account in its own namespace only",
    ),
    Control.TENANT_ROLE: ControlText(
        "role of the tenant's account, and the guard of tenant namespaces",
        "tenants/base/<tenant>/rbac.yaml, policies/base/tenant-role.yaml, policies/guards/namespace.yaml",
        "bind tenants to a role without verbs on namespaces, and keep the guard bound with Deny",
    ),
    Control.TENANT_ROLE_BINDING: ControlText(
        "RoleBinding of the tenant's account",
        "tenants/base/<tenant>/rbac.yaml",
        "bind the account in the tenant's namespace",
    ),
    Control.NO_STRAY_BINDINGS: ControlText(
        "no bindings beyond a tenant's namespace",
        "the whole fleet",
        "bind nobody's account, user or group of a tenant by ClusterRoleBinding, or in another tenant's namespace",
    ),
    Control.POD_SECURITY: ControlText(
        "Pod Security labels",
        "tenants/components/guardrails/kustomization.yaml",
        "label tenant namespaces pod-security.kubernetes.io/enforce: restricted",
    ),
    Control.RESOURCE_QUOTA: ControlText(
        "ResourceQuota", "tenants/components/guardrails/limits.yaml", "give each tenant namespace a ResourceQuota"
    ),
    Control.LIMIT_RANGE: ControlText(
        "LimitRange", "tenants/components/guardrails/limits.yaml", "give each tenant namespace a LimitRange"
    ),
    Control.TENANT_NETWORK: ControlText(
        "network policies of tenant namespaces",
        "tenants/components/guardrails/network-policies.yaml",
        "deny by default in each tenant namespace, and name the peers of every rule",
    ),
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
    Control.DECRYPTION_KEYS: ControlText(
        "keys of SOPS",
        "clusters/<environment>/tenants.yaml",
        "give the platform and each tenant a key of its own, in its own namespace, and name it in spec.decryption",
    ),
    Control.NO_GLOBAL_DECRYPTION_KEY: ControlText(
        "no --sops-age-secret", _LOCKDOWN_FILE, "remove the flag from kustomize-controller: it decrypts for everybody"
    ),
    Control.HELM_CREDENTIALS: ControlText(
        "credentials of Helm repositories stay with their host",
        "tenants' HelmRepositories",
        "leave spec.passCredentials out, and run a Flux release that holds this",
    ),
    Control.SECRET_CONTAINMENT: ControlText(
        "Secrets stay in their namespace",
        "all controls together",
        "see which object, event, log or notification holds the value, and mend the control of that way",
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
    Control.API_PATTERNS: ControlText(
        "patterns of intervals and indexes in Flux's API",
        "clusters/<environment>/flux-system/gotk-components.yaml",
        "install the CustomResourceDefinitions of the release, unchanged",
    ),
    Control.NO_SHELL: ControlText("no value of a tenant reaches a shell", "kustomize-controller's code", _UPGRADE),
    Control.ADDRESS_MASKING: ControlText("addresses are logged without query", "source-controller's code", _UPGRADE),
    Control.RECEIVER_TOKENS: ControlText("a gcr Receiver checks tokens", "notification-controller's code", _UPGRADE),
    Control.SOURCE_VERIFICATION: ControlText("what is fetched was verified", "source-controller's code", _UPGRADE),
    Control.FIXED_VERSION: ControlText(
        "a version with the advisory's fix",
        f"clusters/<environment>/flux-system/gotk-components.yaml, or {_INSTANCE_FILE}",
        "upgrade Flux to a release that has the fix",
    ),
    Control.BUILD_CYCLES: ControlText("a cycle of bases ends the build", "kustomize-controller's code", _UPGRADE),
    Control.CHART_PATHS: ControlText("paths of a chart stay in its source", "source-controller's code", _UPGRADE),
    Control.INVENTORY: ControlText("what is pruned stands in the inventory", "kustomize-controller's code", _UPGRADE),
    Control.SECRET_MASKING: ControlText("values of Secrets are masked", "kustomize-controller's code", _UPGRADE),
    Control.CHART_SCHEMA: ControlText(
        "the source of a HelmChart has no namespace",
        "clusters/<environment>/flux-system/gotk-components.yaml",
        "install the CustomResourceDefinition of the release, unchanged",
    ),
    Control.ROLLED_OUT: ControlText(
        "controllers run what their Deployments state", "flux-system/Deployment", "resume and finish the rollout"
    ),
    Control.LOCKDOWN_IN_GIT: ControlText(
        "the lockdown stands in Git and is applied from there",
        _LOCKDOWN_FILE,
        "commit the patches, and let the Kustomization flux-system or the FluxInstance apply existing objects",
    ),
    Control.FEATURE_GATES: ControlText("feature gates", _LOCKDOWN_FILE, "leave ExternalArtifact and DNS lookups off"),
    Control.OBJECT_IDENTITY: ControlText(
        "object identity and its default accounts",
        _LOCKDOWN_FILE,
        "leave ObjectLevelWorkloadIdentity off, or patch its default accounts into every controller",
    ),
    Control.CONTROLLER_RIGHTS: ControlText(
        "rights of the controllers",
        "clusters/<environment>/flux-system/kustomization.yaml",
        "patch rules of crd-controller by their content, never by their index alone",
    ),
    Control.FLUX_ROLES: ControlText(
        "roles that aggregate Flux's kinds to view, edit and admin",
        "clusters/<environment>/flux-system/gotk-components.yaml",
        "keep the labels of the release: flux-edit must not reach view",
    ),
    Control.FLUX_NETWORK: ControlText(
        "network policies around Flux",
        _LOCKDOWN_FILE,
        "bootstrap with --network-policy=true, and patch allow-webhooks to the receiver's port",
    ),
    Control.CONTROLLER_EGRESS: ControlText(
        "egress of kustomize-controller",
        "policies/guards/egress.yaml",
        "name what it may reach, and take the egress out of allow-egress: policies only add up",
    ),
    Control.NETWORK_ENGINE: ControlText(
        "a network that enforces NetworkPolicies",
        "the cluster's network plugin",
        "install one that enforces them; the API server takes them from everybody",
    ),
    Control.RETRY: ControlText(
        "retryInterval of the platform's Kustomizations",
        "clusters/<environment>/*.yaml",
        "set spec.retryInterval: 1m on policies and tenants",
    ),
    Control.OVERLAYS: ControlText(
        "one overlay for each environment",
        "tenants/<environment>/kustomization.yaml",
        "let each cluster's overlay set spec.path of the tenants' syncs",
    ),
    Control.MANIFESTS: ControlText(
        "manifests that build and that the API server knows",
        "the fleet and the tenants' repositories",
        "run kustomize build, a strict server-side dry-run and flux migrate before you merge",
    ),
    Control.ROUTES_ALIKE: ControlText(
        "the same lockdown arguments by either route",
        _LOCKDOWN_FILE,
        "with the CLI patch the three flags; with the Operator set multitenant and tenantDefaultServiceAccount",
    ),
    Control.OPERATOR_ACCOUNT: ControlText(
        "--default-service-account of flux-operator",
        "the Deployment flux-operator",
        "add the flag to its args (its Helm chart: multitenancy.enabled=true), and bind that account nowhere else",
    ),
    Control.OPERATOR_INSTANCE: ControlText(
        "one FluxInstance, called flux, beside the operator",
        "the operator's CustomResourceDefinitions and code",
        "install them unchanged, and give no tenant verbs on fluxinstances",
    ),
    Control.OPERATOR_PAGE: ControlText(
        "--web-server-port=0 of flux-operator",
        "the Deployment flux-operator",
        "add the flag to its args (its Helm chart: web.enabled=false), and run 0.40.0 or newer",
    ),
    Control.OPERATOR_DEPENDENCIES: ControlText(
        "dependencies of a ResourceSet stay in its namespace",
        "flux-operator's code",
        "give tenants no verbs on resourcesets where that matters",
    ),
}
