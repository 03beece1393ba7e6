"""The rights that an audit takes, asked for by using them: no review of access is made, which would be a write.

What is missing is told before the first check; a check that needs it says so itself, and is not judged
(kube/lacking.py).
`fixtures/existing/audit.yaml` grants them all, and a unit test holds the two together.
"""

from collections.abc import Iterator, Sequence
from http import HTTPStatus

from conformance.errors import MissingRightError
from conformance.kube.client import ApiError, KubeClient
from conformance.kube.objects import Ref
from conformance.surface.live import OF_CLUSTER, OF_NAMESPACE

_ADMISSION, _RBAC, _NETWORK = "admissionregistration.k8s.io/v1", "rbac.authorization.k8s.io/v1", "networking.k8s.io/v1"
_DNS, _API_SERVER = "kube-system", "default"
_NOBODY = "flux-tenancy-conformance"
"""The name of no object: who may get a kind hears that it is not there, anybody else that he may not."""
_POD, _SERVICE, _SLICE = ("v1", "Pod"), ("v1", "Service"), ("discovery.k8s.io/v1", "EndpointSlice")
_DEPLOYMENT, _KUSTOMIZATION = ("apps/v1", "Deployment"), ("kustomize.toolkit.fluxcd.io/v1", "Kustomization")
_POLICY = (_ADMISSION, "ValidatingAdmissionPolicy")
_POLICY_BINDING = (_ADMISSION, "ValidatingAdmissionPolicyBinding")

Right = tuple[str, str, str]
"""API version, kind, namespace; an empty namespace is the whole cluster."""


def listed(flux: str) -> Sequence[Right]:
    """Return what is listed, each once; `flux` is the namespace of Flux."""
    wide = (
        *OF_CLUSTER,
        (_RBAC, "RoleBinding"),
        _POLICY,
        _POLICY_BINDING,
        (_NETWORK, "NetworkPolicy"),
    )
    of_flux = (*OF_NAMESPACE, _DEPLOYMENT, _KUSTOMIZATION, _POD, _SERVICE, _SLICE)
    rights = [(*kind, "") for kind in wide] + [(*kind, flux) for kind in of_flux]
    # Where the checks of the network look for who stands behind kube-dns and kubernetes.
    rights += [(*_POD, _DNS), (*_SLICE, _DNS), (*_SLICE, _API_SERVER)]
    return list(dict.fromkeys(rights))


def got(flux: str) -> Sequence[Right]:
    """Return what is read by its name."""
    wide = (("v1", "Namespace"), (_RBAC, "ClusterRole"), _POLICY, _POLICY_BINDING)
    of_flux = (_DEPLOYMENT, _KUSTOMIZATION, (_NETWORK, "NetworkPolicy"), _POD, _SERVICE)
    rights = [(*kind, "") for kind in wide] + [(*kind, flux) for kind in of_flux]
    return [*rights, (*_POD, _DNS), (*_SERVICE, _DNS), (*_SERVICE, _API_SERVER)]


def missing_rights(client: KubeClient, flux: str) -> Sequence[str]:
    """Return each right that is missing in words, such as `list pods in flux-system`, each once.

    A kind that is not there is left to the checks that read it.

    Raises:
        ApiError: refused for another reason than a missing right.
    """
    return list(dict.fromkeys(_missing(client, flux)))


def _missing(client: KubeClient, flux: str) -> Iterator[str]:
    for version, kind, namespace in listed(flux):
        try:
            client.objects(version, kind, namespace=namespace)
        except MissingRightError as error:
            yield error.right
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
    for version, kind, namespace in got(flux):
        try:
            client.find(Ref(version, kind, _NOBODY, namespace))
        except MissingRightError as error:
            yield error.right
