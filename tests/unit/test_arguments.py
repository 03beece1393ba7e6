"""What differs between a Pod of a controller and its process on the host; everything else is the Pod's own."""

from pathlib import Path
from typing import Any

import pytest

from conformance.providers.arguments import (
    CHANGES,
    VARIABLES,
    Places,
    controller_of,
    describe_changes,
    host_arguments,
    host_variables,
    operator_setting,
    pod_variables,
    tag_of,
)

PLACES = Places(
    events_url="http://127.0.0.1:1/",
    events_bind="127.0.0.1:1",
    receiver_bind="127.0.0.1:2",
    metrics_bind="127.0.0.1:3",
    health_bind="127.0.0.1:4",
    artifact_bind="127.0.0.1:5",
    storage="/run/storage",
    folder=Path("/run"),
    temporary=Path("/run/tmp"),
)
LISTENING = ["--metrics-addr=127.0.0.1:3", "--health-addr=127.0.0.1:4"]


def pod(image: str = "ghcr.io/fluxcd/source-controller:v1.9.3", **container: Any) -> dict[str, Any]:
    return {"metadata": {"namespace": "flux-system"}, "spec": {"containers": [{"image": image, **container}]}}


def test_arguments_of_the_pod_are_kept_in_their_order() -> None:
    given = ["--watch-all-namespaces=true", "--log-level=info", "--no-remote-bases=true", "--log-level=debug"]
    found = host_arguments("kustomize-controller", given, {}, PLACES)
    assert found[: len(given)] == given


def test_a_dropped_argument_is_gone_however_it_is_written() -> None:
    for given in (["--enable-leader-election"], ["--enable-leader-election=true"]):
        assert host_arguments("helm-controller", given, {}, PLACES) == [
            "--events-addr=http://127.0.0.1:1/",
            *LISTENING,
        ]


def test_a_replaced_argument_is_there_once() -> None:
    given = ["--events-addr=http://notification-controller.flux-system.svc/", "--concurrent=4", "--metrics-addr=:8080"]
    found = host_arguments("kustomize-controller", given, {}, PLACES)
    assert found == ["--concurrent=4", "--events-addr=http://127.0.0.1:1/", *LISTENING]


def test_an_argument_that_only_begins_alike_is_kept() -> None:
    assert "--storage-path-extra=/x" in host_arguments("source-controller", ["--storage-path-extra=/x"], {}, PLACES)


@pytest.mark.parametrize(
    ("controller", "own"),
    [
        ("kustomize-controller", []),
        ("helm-controller", []),
        ("image-automation-controller", []),
        ("image-reflector-controller", ["--storage-path=/run/storage"]),
        (
            "source-controller",
            ["--storage-path=/run/storage", "--storage-addr=127.0.0.1:5", "--storage-adv-addr=127.0.0.1:5"],
        ),
    ],
)
def test_only_the_controller_s_own_changes_apply(controller: str, own: list[str]) -> None:
    assert host_arguments(controller, [], {}, PLACES) == ["--events-addr=http://127.0.0.1:1/", *LISTENING, *own]


def test_the_notification_controller_binds_where_others_send() -> None:
    found = host_arguments("notification-controller", [], {}, PLACES)
    assert sorted(found) == sorted(["--events-addr=127.0.0.1:1", "--receiverAddr=127.0.0.1:2", *LISTENING])


def test_variables_are_expanded_and_unknown_ones_left() -> None:
    given = ["--storage-adv-host=$(HOST).$(RUNTIME_NAMESPACE).svc", "--limit=$(UNKNOWN)", "--price=$5"]
    found = host_arguments("kustomize-controller", given, {"HOST": "h", "RUNTIME_NAMESPACE": "flux-system"}, PLACES)
    assert found[:3] == ["--storage-adv-host=h.flux-system.svc", "--limit=$(UNKNOWN)", "--price=$5"]


@pytest.mark.parametrize(
    ("image", "controller"),
    [
        ("ghcr.io/fluxcd/source-controller:v1.9.3", "source-controller"),
        ("registry.local:5000/mirror/fluxcd/kustomize-controller@sha256:0000", "kustomize-controller"),
        ("ghcr.io/fluxcd/image-automation-controller:v1", "image-automation-controller"),
        ("ghcr.io/fluxcd/source-watcher:v2", None),
        ("ghcr.io/evil/not-source-controller:v1", None),
        ("ghcr.io/fluxcd/source-controller-extra:v1", None),
        ("nginx", None),
    ],
)
def test_a_controller_is_known_by_its_image(image: str, controller: str | None) -> None:
    assert controller_of(pod(image)) == controller


def test_a_pod_without_containers_is_no_controller() -> None:
    assert controller_of({"spec": {}}) is None


@pytest.mark.parametrize(
    ("limit", "found"), [("1Gi", str(2**30)), ("512Mi", str(2**29)), ("64Ki", "65536"), ("1000", "1000")]
)
def test_memory_limits_are_bytes(limit: str, found: str) -> None:
    env = [{"name": "GOMEMLIMIT", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory"}}}]
    assert pod_variables(pod(env=env, resources={"limits": {"memory": limit}})) == {"GOMEMLIMIT": found}


def test_variables_of_a_pod() -> None:
    env = [
        {"name": "LITERAL", "value": "x"},
        {"name": "RUNTIME_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
        {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
        {"name": "EMPTY", "value": ""},
    ]
    assert pod_variables(pod(env=env)) == {"LITERAL": "x", "RUNTIME_NAMESPACE": "flux-system", "EMPTY": ""}


def test_the_report_says_every_change_with_its_reason() -> None:
    lines = describe_changes()
    assert len(lines) == len(CHANGES) + len(VARIABLES)
    for change in CHANGES:
        assert any(change.flag in line and change.reason in line for line in lines)


def test_the_operator_has_flags_of_its_own() -> None:
    given = ["--default-service-account=flux-operator", "--web-server-port=0"]
    assert controller_of(pod("ghcr.io/controlplaneio-fluxcd/flux-operator:v0.59.0")) == "flux-operator"
    assert host_arguments("flux-operator", given, {}, PLACES) == [
        "--default-service-account=flux-operator",
        "--enable-leader-election=false",
        *LISTENING,
        "--web-server-port=0",
        "--storage-path=/run/storage",
    ]


def test_variables_of_the_pod_are_kept_beside_those_of_the_host() -> None:
    found = host_variables({"RUNTIME_NAMESPACE": "flux-system", "TUF_ROOT": "/tmp/.sigstore"}, PLACES)
    assert found["RUNTIME_NAMESPACE"] == "flux-system"
    assert (found["TMPDIR"], found["HOME"], found["TUF_ROOT"]) == ("/run/tmp", "/run", "/run/tmp/.sigstore")
    assert found["NOTIFICATION_CONTROLLER_ADDRESS"] == "http://127.0.0.1:1/"
    assert "TUF_ROOT" not in host_variables({}, PLACES)
    assert set(found) - {"RUNTIME_NAMESPACE"} <= set(VARIABLES)
    assert (found["GOGC"], host_variables({"GOGC": "50"}, PLACES)["GOGC"]) == ("250", "50")


@pytest.mark.parametrize(
    ("image", "tag"),
    [
        ("ghcr.io/fluxcd/source-controller:v1.9.5", "v1.9.5"),
        (f"ghcr.io/fluxcd/source-controller:v1.9.5@sha256:{'0' * 64}", "v1.9.5"),
        (f"ghcr.io/fluxcd/source-controller@sha256:{'0' * 64}", ""),
        ("localhost:5000/fluxcd/source-controller", ""),
    ],
)
def test_the_tag_of_an_image_names_its_version(image: str, tag: str) -> None:
    assert tag_of(pod(image)) == tag


PAGE = ("--web-server-port", "WEB_SERVER_PORT")


@pytest.mark.parametrize(
    ("variable", "arguments", "said"),
    [
        (None, [], ""),
        (None, ["--web-server-port=0"], "--web-server-port=0"),
        ({"value": "0"}, [], "WEB_SERVER_PORT=0"),
        ({"value": "9080"}, ["--web-server-port=0"], "WEB_SERVER_PORT=9080"),
        ({"value": ""}, ["--web-server-port=0"], "--web-server-port=0"),
        ({"valueFrom": {"configMapKeyRef": {}}}, ["--web-server-port=0"], "WEB_SERVER_PORT=? (from configMapKeyRef)"),
    ],
)
def test_a_variable_of_the_operator_wins_over_its_flag(
    variable: dict[str, Any] | None, arguments: list[str], said: str
) -> None:
    env = [{"name": "OTHER", "value": "x"}, *([{"name": "WEB_SERVER_PORT", **variable}] if variable else [])]
    deployment = {"spec": {"template": {"spec": {"containers": [{"env": env}]}}}}
    assert operator_setting(deployment, arguments, *PAGE) == said


def test_the_operators_page_is_not_served_on_this_machine_whatever_its_pod_says() -> None:
    assert "WEB_SERVER_PORT" not in host_variables({}, PLACES)
    assert host_variables({"WEB_SERVER_PORT": "9080"}, PLACES)["WEB_SERVER_PORT"] == "0"
