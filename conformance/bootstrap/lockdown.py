"""The controls: what each is, how to read it back from the live cluster, and where a fleet sets it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from conformance.bootstrap.platform import Platform
from conformance.errors import Breakdown
from conformance.kube.objects import container_args, pick, ref_to
from conformance.model import Control

DEFAULT_SERVICE_ACCOUNT_FLAG = "--default-service-account"
NO_CROSS_NAMESPACE_REFS_FLAG = "--no-cross-namespace-refs=true"
NO_REMOTE_BASES_FLAG = "--no-remote-bases=true"
_LOCKDOWN_FILE = "clusters/<environment>/flux-system/kustomization.yaml"


@dataclass(frozen=True, slots=True)
class ControlText:
    """What a control is and where a platform team sets it."""

    title: str
    where: str
    """File of the reference fleet, or the component whose code it is."""
    remedy: str


def _flag(platform: Platform, controllers: tuple[str, ...], flag: str) -> str:
    states = []
    for controller in controllers:
        live = platform.client.find(ref_to(f"Deployment/{controller}", platform.flux_namespace))
        found = [a for a in container_args(live) if a.startswith(flag.partition("=")[0])] if live else ["not installed"]
        states.append(f"{controller}: {', '.join(found) or 'absent'}")
    return f"{flag}; " + "; ".join(states)


def _binding(platform: Platform, name: str | None) -> str:
    if name is None:
        return "this fleet names no such policy"
    live = platform.client.find(ref_to(f"ValidatingAdmissionPolicyBinding/{name}"))
    if live is None:
        return f"binding {name} is not there"
    selector = pick(live, "spec", "matchResources", "namespaceSelector")
    missing = pick(live, "spec", "paramRef", "parameterNotFoundAction")
    said = f"binding {name}: actions {pick(live, 'spec', 'validationActions')}, namespaces {selector or 'all'}"
    return f"{said}, parameterNotFoundAction {missing}" if missing else said


def _platform_accounts(platform: Platform) -> str:
    found = platform.client.objects(
        "kustomize.toolkit.fluxcd.io/v1", "Kustomization", namespace=platform.flux_namespace
    )
    return "; ".join(f"{k['metadata']['name']}: {pick(k, 'spec', 'serviceAccountName') or 'absent'}" for k in found)


def _tenant_namespaces(platform: Platform, kind: str) -> str:
    found = []
    for namespace in platform.tenants.values():
        names = [o["metadata"]["name"] for o in platform.client.objects(_version(kind), kind, namespace=namespace)]
        found.append(f"{namespace}: {', '.join(names) or 'none'}")
    return f"{kind} in " + "; ".join(found)


def _version(kind: str) -> str:
    return ref_to(f"{kind}/any").api_version


def _pod_security(platform: Platform) -> str:
    found = []
    for namespace in platform.tenants.values():
        live = platform.client.find(ref_to(f"Namespace/{namespace}"))
        found.append(
            f"{namespace}: {pick(live, 'metadata', 'labels', 'pod-security.kubernetes.io/enforce') or 'absent'}"
        )
    return "pod-security.kubernetes.io/enforce; " + "; ".join(found)


def _role(platform: Platform) -> str:
    found = []
    for namespace in platform.tenants.values():
        bindings = platform.client.objects("rbac.authorization.k8s.io/v1", "RoleBinding", namespace=namespace)
        roles = sorted({pick(b, "roleRef", "name") for b in bindings})
        found.append(f"{namespace}: {', '.join(roles) or 'none'}")
    return "roles bound in " + "; ".join(found)


def _tenants_order(platform: Platform) -> str:
    live = platform.client.find(ref_to("Kustomization/tenants", platform.flux_namespace))
    return f"Kustomization tenants dependsOn {pick(live, 'spec', 'dependsOn') or 'nothing'}"


def _code(text: str) -> Callable[[Platform], str]:
    return lambda _: text


_BOTH = ("kustomize-controller", "helm-controller")
_ALL = (*_BOTH, "notification-controller", "image-reflector-controller", "image-automation-controller")

_READERS: Mapping[Control, Callable[[Platform], str]] = {
    Control.NO_CROSS_NAMESPACE_REFS: lambda p: _flag(p, _ALL, NO_CROSS_NAMESPACE_REFS_FLAG),
    Control.NO_REMOTE_BASES: lambda p: _flag(p, _BOTH[:1], NO_REMOTE_BASES_FLAG),
    Control.DEFAULT_SERVICE_ACCOUNT: lambda p: _flag(p, _BOTH, DEFAULT_SERVICE_ACCOUNT_FLAG),
    Control.PLATFORM_SERVICE_ACCOUNT: _platform_accounts,
    Control.SOURCE_POLICY: lambda p: _binding(p, p.fleet.profile.policies.sources),
    Control.ALLOWLIST: lambda p: _binding(p, p.fleet.profile.policies.sources),
    Control.BUCKET_POLICY: lambda p: _binding(p, p.fleet.profile.policies.buckets),
    Control.KUBECONFIG_POLICY: lambda p: _binding(p, p.fleet.profile.policies.kubeconfig),
    Control.POD_POLICY: lambda p: _binding(p, p.fleet.profile.policies.pods),
    Control.POLICY_SCOPE: lambda p: _binding(p, p.fleet.profile.policies.sources),
    Control.IMPERSONATION: lambda p: _flag(p, _BOTH, DEFAULT_SERVICE_ACCOUNT_FLAG),
    Control.TENANT_ROLE: _role,
    Control.TENANT_ROLE_BINDING: lambda p: _tenant_namespaces(p, "RoleBinding"),
    Control.POD_SECURITY: _pod_security,
    Control.RESOURCE_QUOTA: lambda p: _tenant_namespaces(p, "ResourceQuota"),
    Control.LIMIT_RANGE: lambda p: _tenant_namespaces(p, "LimitRange"),
    Control.POLICIES_FIRST: _tenants_order,
    Control.TENANT_SYNC: lambda p: _tenant_namespaces(p, "Kustomization"),
    Control.PRUNE: lambda p: _tenant_namespaces(p, "Kustomization"),
    Control.KUBECONFIG_EXEC_OFF: lambda p: _flag(p, _BOTH, "--insecure-kubeconfig-exec"),
    Control.SAME_NAMESPACE_LOOKUP: _code("code of kustomize-controller and source-controller"),
    Control.LOCAL_COMPONENTS: _code("code of kustomize-controller"),
    Control.PLUGINS_OFF: _code("code of kustomize-controller"),
    Control.SECURE_FILE_SYSTEM: _code("code of kustomize-controller"),
    Control.SOURCE_ARCHIVE: _code("code of source-controller"),
    Control.GIT_CREDENTIALS: _code("the git server's access control"),
}

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


def read(control: Control, platform: Platform) -> str:
    """Return the control's live state in one line; never raises, for it explains other failures."""
    try:
        return _READERS[control](platform)
    except Breakdown as error:
        return f"cannot be read back: {error.what}"


def read_all(platform: Platform) -> dict[str, str]:
    """Return the live state of every control."""
    return {str(control): read(control, platform) for control in Control}
