"""The few arguments and variables that must differ between a Pod of a Flux controller and a host process.

Everything else is taken from the live Pod, so that the lockdown is exercised and not imitated. The table is printed
in the report.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.kube.objects import argument, container_variables, pick
from conformance.model import Manifest, Route

OPERATOR = "flux-operator"
"""The Flux Operator: not one of Flux's controllers, with flags of its own, and run as they are."""
CONTROLLER_IMAGE = re.compile(
    r"/(?P<name>(source|kustomize|helm|notification|image-reflector|image-automation)-controller|flux-operator)[:@]"
)
_TAG = re.compile(r"^[^@]*:(?P<tag>[^/:@]+)(?:@|$)")


@dataclass(frozen=True, slots=True)
class ArgumentChange:
    """One flag that a host process gets in place of the Pod's, and why."""

    flag: str
    value: str | None
    """None: dropped. Placeholders are fields of `Places`."""
    controllers: str
    """`*`, which means each of Flux's controllers and not the Flux Operator, or the name of one."""
    reason: str


CHANGES = (
    ArgumentChange(
        "--enable-leader-election", None, "*", "it reads the in-cluster namespace file; one process is one replica"
    ),
    ArgumentChange("--events-addr", "{events_url}", "*", "the Service name does not resolve on the host"),
    ArgumentChange("--events-addr", "{events_bind}", "notification-controller", "loopback only, on a free port"),
    ArgumentChange("--receiverAddr", "{receiver_bind}", "notification-controller", "loopback only, on a free port"),
    ArgumentChange("--metrics-addr", "{metrics_bind}", "*", "loopback only, on a free port"),
    ArgumentChange("--health-addr", "{health_bind}", "*", "loopback only, on a free port"),
    ArgumentChange("--storage-path", "{storage}", "source-controller", "a folder of the run in place of the volume"),
    ArgumentChange("--storage-addr", "{artifact_bind}", "source-controller", "loopback only, on a free port"),
    ArgumentChange(
        "--storage-adv-addr", "{artifact_bind}", "source-controller", "the Service name does not resolve on the host"
    ),
    ArgumentChange(
        "--storage-path", "{storage}", "image-reflector-controller", "a folder of the run in place of the volume"
    ),
    ArgumentChange(
        "--enable-leader-election", "false", OPERATOR, "it reads the in-cluster namespace file; it is on by default"
    ),
    ArgumentChange("--metrics-addr", "{metrics_bind}", OPERATOR, "loopback only, on a free port"),
    ArgumentChange("--health-addr", "{health_bind}", OPERATOR, "loopback only, on a free port"),
    ArgumentChange("--web-server-port", "0", OPERATOR, "it would listen on every address of this machine"),
    ArgumentChange("--storage-path", "{storage}", OPERATOR, "the manifests of its module, which its image holds"),
)
WEB_SERVER_PORT = "WEB_SERVER_PORT"
"""Variable of the Flux Operator (flux-operator@v0.59.0/cmd/operator/main.go:376); its Helm chart always sets it."""
GOGC = "250"
"""Of all Go processes of the embedded platform: less CPU for more memory (ADR 0030)."""
VARIABLES = {
    "TMPDIR": "a temporary folder of its own, as a container has",
    "HOME": "a home folder of its own, as a container has",
    "TUF_ROOT": "moved from /tmp below its own TMPDIR",
    "SOURCE_CONTROLLER_LOCALHOST": "where artifacts are fetched: the Service name does not resolve on the host",
    "PATH": "the suite's, so that git is found as in the controller's image",
    "NOTIFICATION_CONTROLLER_ADDRESS": "where flux-operator sends events: the Service name does not resolve either",
    WEB_SERVER_PORT: "0 where flux-operator's Pod has it: it wins over the flag",
    "KUBECONFIG": "a token of the controller's own ServiceAccount, in place of the mounted one",
    "GOGC": f"{GOGC} unless the Pod says it: rarer garbage collection, GOMEMLIMIT stays the Deployment's",
}


@dataclass(frozen=True, slots=True)
class Places:
    """Addresses and folders of one controller process."""

    events_url: str
    events_bind: str
    receiver_bind: str
    metrics_bind: str
    health_bind: str
    artifact_bind: str
    storage: str
    folder: Path
    temporary: Path
    """For files that live for a moment only."""


def controller_of(pod: Manifest) -> str | None:
    """Return the Flux controller that a Pod runs, by its image; None for any other Pod."""
    image = pick(pod, "spec", "containers", 0, "image") or ""
    match = CONTROLLER_IMAGE.search(image)
    return match["name"] if match else None


def tag_of(pod: Manifest) -> str:
    """Return the tag of a Pod's image, such as v1.9.3; empty when a digest alone names it."""
    match = _TAG.search(pick(pod, "spec", "containers", 0, "image") or "")
    return match["tag"] if match else ""


def host_arguments(
    controller: str, pod_arguments: list[str], variables: Mapping[str, str], places: Places
) -> list[str]:
    """Return the Pod's arguments with `CHANGES` applied and `$(NAME)` expanded, order kept."""
    general = () if controller == OPERATOR else ("*",)
    changes = {change.flag: change for change in CHANGES if change.controllers in (*general, controller)}
    kept = [_expand(argument, variables) for argument in pod_arguments if argument.partition("=")[0] not in changes]
    values = {name: str(getattr(places, name)) for name in places.__dataclass_fields__}
    added = [f"{c.flag}={c.value.format(**values)}" for c in changes.values() if c.value is not None]
    return kept + added


def pod_variables(pod: Manifest) -> dict[str, str]:
    """Return the first container's environment: literals, the namespace, and the memory limit in bytes."""
    container: Mapping[str, Any] = pick(pod, "spec", "containers", 0) or {}
    found: dict[str, str] = {}
    for entry in container.get("env", []):
        if "value" in entry:
            found[entry["name"]] = entry["value"]
        elif pick(entry, "valueFrom", "fieldRef", "fieldPath") == "metadata.namespace":
            found[entry["name"]] = pod["metadata"]["namespace"]
        elif pick(entry, "valueFrom", "resourceFieldRef", "resource") == "limits.memory":
            found[entry["name"]] = _bytes(pick(container, "resources", "limits", "memory") or "0")
    return found


def host_variables(variables: Mapping[str, str], places: Places) -> dict[str, str]:
    """Return the Pod's variables with those of `VARIABLES` that follow from its places."""
    found = {
        "GOGC": GOGC,
        **variables,
        "TMPDIR": str(places.temporary),
        "HOME": str(places.folder),
        "SOURCE_CONTROLLER_LOCALHOST": places.artifact_bind,
        "NOTIFICATION_CONTROLLER_ADDRESS": places.events_url,
    }
    fixed = {WEB_SERVER_PORT: "0"} if WEB_SERVER_PORT in found else {}
    return found | fixed | ({"TUF_ROOT": str(places.temporary / ".sigstore")} if "TUF_ROOT" in found else {})


def describe_changes() -> list[str]:
    """Return the table as sentences for the report."""
    lines = [
        f"{change.controllers}: {change.flag} {'is dropped' if change.value is None else 'is set'} ({change.reason})"
        for change in CHANGES
    ]
    return lines + [f"*: {name} is set ({reason})" for name, reason in VARIABLES.items()]


def operator_setting(deployment: Manifest, arguments: Sequence[str], flag: str, variable: str) -> str:
    """Return what the Flux Operator takes a setting from, as `NAME=value` or `--flag=value`; empty: neither is there.

    A variable that is not empty wins over the flag (flux-operator@v0.59.0/cmd/operator/main.go:173, 376).

    Args:
        deployment: the operator's, which has the variables.
        arguments: of the Deployment, or of the process.
    """
    found = [one for one in container_variables(deployment) if one["name"] == variable]
    told = found[-1] if found else {}
    if "valueFrom" in told:
        return f"{variable}=? (from {', '.join(told['valueFrom'])})"
    return f"{variable}={told['value']}" if told.get("value") else argument(arguments, flag)


def of_route(changes: Sequence[str], route: Route) -> list[str]:
    """Return these sentences without those of the Flux Operator where none runs."""
    return [line for line in changes if route is Route.OPERATOR or not line.startswith(f"{OPERATOR}:")]


def _expand(argument: str, variables: Mapping[str, str]) -> str:
    return re.sub(r"\$\((\w+)\)", lambda match: variables.get(match[1], match[0]), argument)


def _bytes(quantity: str) -> str:
    units = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
    number, unit = quantity.rstrip("KMGi"), quantity.lstrip("0123456789")
    return str(int(number) * units.get(unit, 1))
