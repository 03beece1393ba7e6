"""A cluster that is there already: its context is always named, its kubeconfig is read, and the cluster only read too.

`current-context` is never taken: what a shell was last pointed at must not decide which cluster is looked at.
"""

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import yaml

from conformance.errors import AUDIT_ROLE, InputError, KubeError, MissingRightError
from conformance.kube.client import ApiError, KubeClient
from conformance.kube.objects import PART_OF_FLUX, main_container, pick
from conformance.kube.probing import AGENT as PROBES
from conformance.kube.probing import ProbingClient
from conformance.kube.reading import AGENT, ReadingClient
from conformance.model import BinaryOrigin, Capability, Manifest, Mode, Route
from conformance.providers.protocol import EXISTING, Cluster
from conformance.providers.rights import missing_rights
from conformance.repos.fleet_config import FleetProfile
from conformance.settings import Settings, kubeconfig_files

_VERSION = "app.kubernetes.io/version"
_OF_OPERATOR = "fluxcd.controlplane.io/name"
"""Label of what a FluxInstance made (fluxcd/pkg/ssa, ResourceManager.SetOwnerLabels)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """What was read of a cluster before the first check."""

    cluster: Cluster
    route: Route
    flux_version: str
    """As the Deployments of Flux are labelled, without a v; `unknown` where they are not."""
    tenants: Mapping[str, str]
    """Name -> namespace: what the fleet names and is there, and every other namespace with the tenant label."""
    namespaces: Sequence[Manifest]
    """All of the cluster."""
    absent: Mapping[str, str]
    """Name -> namespace of the fleet's tenants that have none here."""
    unnamed: Sequence[str]
    """Namespaces of tenants that the fleet does not name."""
    images: Sequence[BinaryOrigin]
    """Of the controllers' live Deployments."""
    lacking: Sequence[str]
    """The rights to read that are missing, in words; whatever needs one of them is not judged."""


def find(settings: Settings, profile: FleetProfile, logs: Path) -> Existing:
    """Look at the cluster of the context that was named; nothing is changed.

    Raises:
        InputError: no such context, the server does not answer or lets nobody in, Flux or the tenants are not there, or
            neither may be looked for.
    """
    files = kubeconfig_files(settings.kubeconfig)
    _check_context(files, settings.context)
    where = f"context '{settings.context}'"
    try:
        kind, agent = (ProbingClient, PROBES) if settings.mode is Mode.PROBE else (ReadingClient, AGENT)
        client = kind.from_kubeconfig(
            os.pathsep.join(map(str, files)),
            timeout_s=settings.timeouts.api_request,
            user_agent=agent,
            context=settings.context,
        )
        return _look(client, settings, profile, files, logs)
    except MissingRightError as error:
        raise InputError(f"{where}: {error.what}: {error.observed}", hint=AUDIT_ROLE) from error
    except ApiError as error:
        raise InputError(f"{where}: {error.what}", hint=_HINTS.get(error.status, "see what kubectl says")) from error
    except KubeError as error:
        hint = "try `kubectl version` with the same context"
        raise InputError(f"{where} cannot be read: {error.what}", hint=hint) from error


_HINTS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "log in anew: the server does not know these credentials",
    HTTPStatus.FORBIDDEN: AUDIT_ROLE,
}


def contexts_of(files: Sequence[Path]) -> list[str]:
    """Return the contexts of kubeconfig files, in their order.

    Raises:
        InputError: a file cannot be read, or is no kubeconfig.
    """
    return [str(one["name"]) for file in files for one in _kubeconfig(file).get("contexts") or [] if "name" in one]


def _check_context(files: Sequence[Path], context: str) -> None:
    known = contexts_of(files)
    if context in known:
        _refuse_impersonation([_kubeconfig(file) for file in files], context)
    else:
        raise InputError(
            f"no context '{context}' in {', '.join(map(str, files)) or 'any kubeconfig'}",
            hint=f"known: {', '.join(known) or 'none; set KUBECONFIG, or give --flux-kubeconfig'}",
        )


def _refuse_impersonation(documents: Sequence[Mapping[str, Any]], context: str) -> None:
    """Refuse a context that acts as somebody else, which the client library would pass over in silence."""
    # Of two users of one name the first one counts, as for kubectl and the client library.
    named = [one for document in documents for one in document.get("users") or []]
    users = {one.get("name"): one.get("user") or {} for one in reversed(named)}
    chosen = next(
        one.get("context") or {}
        for document in documents
        for one in document.get("contexts") or []
        if one.get("name") == context
    )
    user = users.get(chosen.get("user"), {})
    if user.get("as"):
        raise InputError(
            f"context '{context}' acts as {user['as']}: who looks at a cluster is nobody but who logs in",
            hint="name a context whose user has no `as`, bound to the ClusterRole of fixtures/existing/audit.yaml",
        )


def _kubeconfig(path: Path) -> Mapping[str, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"kubeconfig '{path}' cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"kubeconfig '{path}' is not YAML") from error
    if not isinstance(document, dict):
        raise InputError(f"'{path}' is no kubeconfig: a mapping is wanted")
    return document


def _look(client: KubeClient, settings: Settings, profile: FleetProfile, files: Sequence[Path], logs: Path) -> Existing:
    version = client.version()
    namespaces = client.objects("v1", "Namespace")
    deployments = _flux(client, profile)
    there = {one["metadata"]["name"] for one in namespaces}
    labelled = _labelled(namespaces, profile)
    named = {tenant: where for tenant, where in profile.tenants.items() if where in there}
    if not named and not labelled:
        raise InputError(
            f"none of the fleet's tenants is there ({_listed(profile.tenants)}), "
            f"and no namespace has the label {profile.tenant_label}",
            hint="--flux-fleet names the folder of your fleet, whose conformance.yaml names them: `tenants`",
        )
    tenants = named | {name: where for where, name in labelled.items() if where not in named.values()}
    return Existing(
        cluster=_cluster(client, version, settings, files, logs),
        route=Route.OPERATOR if any(_OF_OPERATOR in _labels(one) for one in deployments) else Route.CLI,
        flux_version=_flux_version(deployments),
        tenants=tenants,
        namespaces=namespaces,
        absent={tenant: where for tenant, where in profile.tenants.items() if where not in there},
        unnamed=sorted(set(labelled) - set(profile.tenants.values())),
        images=[_image(one) for one in deployments],
        lacking=missing_rights(client, profile.flux_namespace),
    )


def _flux(client: KubeClient, profile: FleetProfile) -> list[Manifest]:
    found = client.objects("apps/v1", "Deployment", namespace=profile.flux_namespace, labels=PART_OF_FLUX)
    if not found:
        raise InputError(
            f"no Flux there: the namespace {profile.flux_namespace} has no Deployment with the label {PART_OF_FLUX}",
            hint="`fluxNamespace` in the fleet's conformance.yaml says where it lives",
        )
    return found


def _labels(one: Manifest) -> Mapping[str, str]:
    return pick(one, "metadata", "labels") or {}


def _labelled(namespaces: Sequence[Manifest], profile: FleetProfile) -> dict[str, str]:
    """Return the namespaces with the tenant label, whatever its value -> a name for their tenant that no other has."""
    found: dict[str, str] = {}
    used = set(profile.tenants)
    for one in namespaces:
        name, tenant = one["metadata"]["name"], _labels(one).get(profile.tenant_label)
        if tenant is not None:
            found[name] = next(free for free in (tenant, name, f"{name} (namespace)") if free and free not in used)
            used.add(found[name])
    return found


def _flux_version(deployments: Sequence[Manifest]) -> str:
    found = {_labels(one).get(_VERSION, "").removeprefix("v") for one in deployments} - {""}
    return ", ".join(sorted(found)) or "unknown"


def _image(deployment: Manifest) -> BinaryOrigin:
    image = str(main_container(deployment).get("image") or "")
    name, _, digest = image.partition("@sha256:")
    repository, _, tag = name.rpartition(":")
    return BinaryOrigin(
        tool=deployment["metadata"]["name"],
        module=repository,
        version=tag,
        go_version="",
        go_sum_sha256="",
        binary_sha256=digest,
        source="image",
    )


def _cluster(client: KubeClient, version: str, settings: Settings, files: Sequence[Path], logs: Path) -> Cluster:
    words = ["--provider", EXISTING, "--context", settings.context]
    words += ["--kubeconfig", str(settings.kubeconfig)] if settings.kubeconfig else []
    probed = settings.mode is Mode.PROBE
    words += ["--mode", Mode.PROBE] if probed else []
    return Cluster(
        name=settings.context,
        kubeconfig=files[0],
        client=client,
        server=client.host,
        gateway="",
        gateway_name="",
        version=version,
        capabilities=frozenset({Capability.DRY_RUNS} if probed else ()),
        audit=None,
        logs=logs,
        host=None,
        argument_changes=(),
        rerun=shlex.join(words),
        stays=True,
    )


def _listed(tenants: Mapping[str, str]) -> str:
    return ", ".join(f"{tenant} in {namespace}" for tenant, namespace in tenants.items())
