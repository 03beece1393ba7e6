"""The controls: what each is, how to read it back from the live cluster, and where a fleet sets it."""

from collections.abc import Callable, Mapping

from conformance import lockdown_arguments
from conformance.bootstrap.platform import Platform
from conformance.errors import Breakdown
from conformance.kube.objects import PART_OF_FLUX, Ref, argument, container_words, pick, ref_to
from conformance.lockdown_arguments import FLAGS, Arguments
from conformance.model import Capability, Control
from conformance.network import selects
from conformance.providers.arguments import OPERATOR, WEB_SERVER_PORT, operator_setting

DEFAULT_SERVICE_ACCOUNT_FLAG = "--default-service-account"
NO_CROSS_NAMESPACE_REFS_FLAG = "--no-cross-namespace-refs=true"
NO_REMOTE_BASES_FLAG = "--no-remote-bases=true"


def _flag(platform: Platform, controllers: tuple[str, ...], flag: str) -> str:
    states = []
    for controller in controllers:
        live = platform.client.find(ref_to(f"Deployment/{controller}", platform.flux_namespace))
        found = (
            [a for a in container_words(live) if a.startswith(flag.partition("=")[0])] if live else ["not installed"]
        )
        states.append(f"{controller}: {', '.join(found) or 'absent'}")
    return f"{flag}; " + "; ".join(states)


def _of_operator(platform: Platform, flag: str, variable: str) -> str:
    live = platform.client.find(ref_to(f"Deployment/{OPERATOR}", platform.flux_namespace))
    said = operator_setting(live, container_words(live), flag, variable) or "absent" if live else "not installed"
    return f"{flag}; {OPERATOR}: {said}"


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


def _bindings(platform: Platform) -> str:
    names = platform.fleet.profile.policies.model_dump().values()
    return "; ".join(_binding(platform, name) for name in names if name)


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


def _cluster_bindings(platform: Platform) -> str:
    found = platform.client.objects("rbac.authorization.k8s.io/v1", "ClusterRoleBinding")
    ours = [b for b in found if "kubernetes.io/bootstrapping" not in (pick(b, "metadata", "labels") or {})]
    return "ClusterRoleBindings: " + (", ".join(sorted(b["metadata"]["name"] for b in ours)) or "none")


def _tenants_order(platform: Platform) -> str:
    live = platform.client.find(ref_to("Kustomization/tenants", platform.flux_namespace))
    return f"Kustomization tenants dependsOn {pick(live, 'spec', 'dependsOn') or 'nothing'}"


def _decryption_keys(platform: Platform) -> str:
    found = []
    for namespace in (platform.flux_namespace, *platform.probes):
        secrets = platform.client.objects("v1", "Secret", namespace=namespace)
        names = [s["metadata"]["name"] for s in secrets if any(k.endswith(".agekey") for k in s.get("data", {}))]
        if names:
            found.append(f"{namespace}: {', '.join(names)}")
    return "Secrets with an age key; " + ("; ".join(found) or "none")


def _platform_syncs(platform: Platform, *path: str) -> str:
    found = [
        (name, platform.client.find(ref_to(f"Kustomization/{name}", platform.flux_namespace)))
        for name in (platform.flux_namespace, "policies", "tenants")
    ]
    said = "; ".join(f"{name} {pick(live, 'spec', *path) or 'absent'}" for name, live in found)
    return f"spec.{'.'.join(path)}: {said}"


def _flux_role(platform: Platform, name: str) -> str:
    role = f"{name}-{platform.flux_namespace}"
    live = platform.client.find(ref_to(f"ClusterRole/{role}"))
    resources = [one for rule in pick(live, "rules") or [] for one in rule.get("resources", [])]
    return f"ClusterRole {role}: {', '.join(resources) if live else 'not there'}"


def _flux_network(platform: Platform) -> str:
    found = platform.client.objects("networking.k8s.io/v1", "NetworkPolicy", namespace=platform.flux_namespace)
    return f"NetworkPolicy in {platform.flux_namespace}: {', '.join(o['metadata']['name'] for o in found) or 'none'}"


def _controller_egress(platform: Platform) -> str:
    found = platform.client.objects("networking.k8s.io/v1", "NetworkPolicy", namespace=platform.flux_namespace)
    rules = {
        policy["metadata"]["name"]: pick(policy, "spec", "egress") or []
        for policy in found
        if "Egress" in policy["spec"]["policyTypes"]
        and selects(policy["spec"].get("podSelector") or {}, {"app": "kustomize-controller"})
    }
    return f"egress of kustomize-controller: {rules or 'no policy selects it'}"


def _network_engine(platform: Platform) -> str:
    found = platform.client.objects("apps/v1", "DaemonSet", namespace="kube-system")
    names = ", ".join(sorted(one["metadata"]["name"] for one in found)) or "none"
    return f"DaemonSets in kube-system: {names}; results are {platform.network.fidelity}"


def _code(text: str) -> Callable[[Platform], str]:
    return lambda _: text


def _routes(platform: Platform) -> str:
    columns = arguments_of_routes(platform)
    unlike = lockdown_arguments.different(lockdown_arguments.table(columns, columns[platform.route]))
    return "; ".join(unlike) or f"what the route {platform.route} sets is what the other sets"


def _instances(platform: Platform) -> str:
    if Capability.FLUX_OPERATOR not in platform.capabilities:
        return "no Flux Operator"
    found = platform.client.objects("fluxcd.controlplane.io/v1", "FluxInstance")
    return f"FluxInstances: {', '.join(str(Ref.of(one)) for one in found) or 'none'}"


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
    Control.POLICY_BINDINGS: _bindings,
    Control.IMAGE_POLICY: lambda p: _binding(p, p.fleet.profile.policies.image_automation),
    Control.FLUX_GUARD: lambda p: _binding(p, p.fleet.profile.policies.guard_flux),
    Control.SOURCE_GUARD: lambda p: _binding(p, p.fleet.profile.policies.guard_sources),
    Control.STATUS_GUARD: lambda p: _binding(p, p.fleet.profile.policies.guard_status),
    Control.TOKEN_GUARD: lambda p: _binding(p, p.fleet.profile.policies.guard_satoken),
    Control.IMPERSONATION: lambda p: _flag(p, _BOTH, DEFAULT_SERVICE_ACCOUNT_FLAG),
    Control.TENANT_ROLE: _role,
    Control.TENANT_ROLE_BINDING: lambda p: _tenant_namespaces(p, "RoleBinding"),
    Control.NO_STRAY_BINDINGS: _cluster_bindings,
    Control.POD_SECURITY: _pod_security,
    Control.RESOURCE_QUOTA: lambda p: _tenant_namespaces(p, "ResourceQuota"),
    Control.LIMIT_RANGE: lambda p: _tenant_namespaces(p, "LimitRange"),
    Control.TENANT_NETWORK: lambda p: _tenant_namespaces(p, "NetworkPolicy"),
    Control.POLICIES_FIRST: _tenants_order,
    Control.TENANT_SYNC: lambda p: _tenant_namespaces(p, "Kustomization"),
    Control.PRUNE: lambda p: _tenant_namespaces(p, "Kustomization"),
    Control.KUBECONFIG_EXEC_OFF: lambda p: _flag(p, _BOTH, "--insecure-kubeconfig-exec"),
    Control.SAME_NAMESPACE_LOOKUP: _code("code of kustomize-controller and source-controller"),
    Control.LOCAL_COMPONENTS: _code("code of kustomize-controller"),
    Control.PLUGINS_OFF: _code("code of kustomize-controller"),
    Control.SECURE_FILE_SYSTEM: _code("code of kustomize-controller"),
    Control.SOURCE_ARCHIVE: _code("code of source-controller"),
    Control.BUILD_CYCLES: _code("code of kustomize-controller"),
    Control.CHART_PATHS: _code("code of source-controller"),
    Control.INVENTORY: _code("code of kustomize-controller"),
    Control.SECRET_MASKING: _code("code of kustomize-controller"),
    Control.CHART_SCHEMA: _code("CustomResourceDefinition helmcharts.source.toolkit.fluxcd.io"),
    Control.DECRYPTION_KEYS: _decryption_keys,
    Control.NO_GLOBAL_DECRYPTION_KEY: lambda p: _flag(p, _BOTH[:1], "--sops-age-secret"),
    Control.HELM_CREDENTIALS: _code("code of source-controller"),
    Control.SECRET_CONTAINMENT: _code("all controls together; the canary of each namespace"),
    Control.API_PATTERNS: _code("CustomResourceDefinitions of Flux"),
    Control.NO_SHELL: _code("code of kustomize-controller"),
    Control.ADDRESS_MASKING: _code("code of source-controller"),
    Control.RECEIVER_TOKENS: _code("code of notification-controller"),
    Control.SOURCE_VERIFICATION: _code("code of source-controller"),
    Control.FIXED_VERSION: _code("versions of the controllers' images"),
    Control.GIT_CREDENTIALS: _code("the git server's access control"),
    Control.ROLLED_OUT: lambda p: _flag(p, _ALL, NO_CROSS_NAMESPACE_REFS_FLAG),
    Control.LOCKDOWN_IN_GIT: lambda p: _platform_syncs(p, "commonMetadata"),
    Control.FEATURE_GATES: lambda p: _flag(p, _BOTH, "--feature-gates"),
    Control.OBJECT_IDENTITY: lambda p: _flag(p, ("source-controller", *_ALL), "--feature-gates"),
    Control.CONTROLLER_RIGHTS: lambda p: _flux_role(p, "crd-controller"),
    Control.FLUX_ROLES: lambda p: f"{_flux_role(p, 'flux-view')}; {_flux_role(p, 'flux-edit')}",
    Control.FLUX_NETWORK: _flux_network,
    Control.CONTROLLER_EGRESS: _controller_egress,
    Control.NETWORK_ENGINE: _network_engine,
    Control.RETRY: lambda p: _platform_syncs(p, "retryInterval"),
    Control.OVERLAYS: lambda p: _tenant_namespaces(p, "HelmRelease"),
    Control.MANIFESTS: _code("the fleet repository's main branch"),
    Control.ROUTES_ALIKE: _routes,
    Control.OPERATOR_ACCOUNT: lambda p: _of_operator(p, DEFAULT_SERVICE_ACCOUNT_FLAG, "DEFAULT_SERVICE_ACCOUNT"),
    Control.OPERATOR_INSTANCE: _instances,
    Control.OPERATOR_PAGE: lambda p: _of_operator(p, "--web-server-port", WEB_SERVER_PORT),
    Control.OPERATOR_DEPENDENCIES: _code("code of flux-operator"),
}


def arguments(platform: Platform) -> Arguments:
    """Return the lockdown arguments of every controller of Flux, read back from the live Deployments."""
    live = platform.client.objects("apps/v1", "Deployment", namespace=platform.flux_namespace, labels=PART_OF_FLUX)
    said = {one["metadata"]["name"]: [argument(container_words(one), flag) for flag in FLAGS] for one in live}
    return {name: dict(one.split("=", 1) for one in flags if one) for name, flags in said.items()}


def arguments_of_routes(platform: Platform) -> Mapping[str, Arguments]:
    """Return the live lockdown arguments under this platform's route, and those of the other route as published."""
    route = str(platform.route)
    rest = lockdown_arguments.other(route)
    return {route: arguments(platform), rest: lockdown_arguments.published(rest, platform.service_account)}


def read(control: Control, platform: Platform) -> str:
    """Return the control's live state in one line; never raises, for it explains other failures."""
    try:
        return _READERS[control](platform)
    except Breakdown as error:
        return f"cannot be read back: {error.what}"


def read_all(platform: Platform) -> dict[str, str]:
    """Return the live state of every control."""
    return {str(control): read(control, platform) for control in Control}
