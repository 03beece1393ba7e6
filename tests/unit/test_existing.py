"""What is read of an existing cluster before the first check, and what is refused."""

from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from conformance.bootstrap.attached import attached
from conformance.cli import app
from conformance.errors import AUDIT_ROLE, Breakdown, InputError, KubeError, MissingRightError
from conformance.kube.client import ApiError
from conformance.kube.objects import Ref
from conformance.kube.probing import ProbingClient
from conformance.kube.reading import ReadingClient
from conformance.model import Capability, Environment, Mode, Profile, Route, Sync
from conformance.providers import existing, rights
from conformance.repos.fleet import Fleet
from conformance.repos.fleet_config import FleetProfile
from conformance.settings import Settings, chosen_words, data_dir, kubeconfig_files

LABEL = "toolkit.fluxcd.io/tenant"


def manifest(name: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {key.replace("__", "/"): value for key, value in labels.items()}}}


def deployment(
    name: str = "source-controller", image: str = "ghcr.io/fluxcd/source-controller:v1.9.3", **more: str
) -> Any:
    labels = {"app.kubernetes.io/version": "v2.9.2", **more}
    spec = {"template": {"spec": {"containers": [{"image": image}]}}}
    return {"metadata": {"name": name, "labels": labels}, "spec": spec}


class Reader:
    """A cluster: kind -> its objects, or the status with which it is refused."""

    host = "https://there"

    def __init__(self, **kinds: Any) -> None:
        tenants = [manifest("apps", **{LABEL: "dev-team"}), manifest("ops", **{LABEL: "ops-team"})]
        self.kinds = {"Namespace": tenants, "Deployment": [deployment()], **kinds}

    def version(self) -> str:
        return "v1.34.1"

    def find(self, ref: Ref) -> Any:
        if self.kinds.get(f"get {ref.kind}") == HTTPStatus.FORBIDDEN:
            raise MissingRightError(f"get {ref.kind} in {ref.namespace}", f'User "x" cannot get resource "{ref.kind}"')

    def objects(self, _version: str, kind: str, *, namespace: str = "", labels: str = "") -> Any:
        found = self.kinds.get(kind, [])
        if found == HTTPStatus.FORBIDDEN:
            raise MissingRightError(f"list {kind} in {namespace}", f'User "x" cannot list resource "{kind}"')
        if isinstance(found, HTTPStatus):
            raise ApiError(found, found.phrase, f'no "{kind}"', f"GET {kind} {labels}")
        if isinstance(found, Exception):
            raise found
        return found


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    path = tmp_path / "config"
    contexts = [{"name": name, "context": {}} for name in ("prod", "staging")]
    path.write_text(yaml.safe_dump({"contexts": contexts, "current-context": "staging"}))
    return path


@pytest.fixture
def look(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def find(reader: Any, context: str = "prod", **settings: Any) -> existing.Existing:
        def login(path: str, **given: Any) -> Any:
            assert (path, given["context"]) == (str(kubeconfig), context)
            if isinstance(reader, Exception):
                raise reader
            return reader

        for client in (ReadingClient, ProbingClient):
            monkeypatch.setattr(client, "from_kubeconfig", login)
        asked = {"context": context, "kubeconfig": kubeconfig, "mode": Mode.AUDIT} | settings
        return existing.find(Settings(provider="existing", **asked), FleetProfile(), Path("logs"))

    return find


def test_what_is_there_is_read(look: Any, kubeconfig: Path) -> None:
    found = look(Reader())
    assert found.tenants == {"dev-team": "apps", "ops-team": "ops"}
    assert (found.absent, found.unnamed, found.route, found.flux_version) == ({}, [], Route.CLI, "2.9.2")
    image = found.images[0]
    assert (image.tool, image.module, image.version) == (
        "source-controller",
        "ghcr.io/fluxcd/source-controller",
        "v1.9.3",
    )
    assert found.cluster.version == "v1.34.1"
    assert found.cluster.capabilities == frozenset()
    assert found.cluster.rerun == f"--provider existing --context prod --kubeconfig {kubeconfig}"


def test_the_operators_label_tells_the_route(look: Any) -> None:
    made = deployment(**{"fluxcd.controlplane.io/name": "flux"})
    assert look(Reader(Deployment=[made])).route is Route.OPERATOR


def test_versions_that_are_not_labelled_or_differ_are_said(look: Any) -> None:
    assert look(Reader(Deployment=[manifest("source-controller")])).flux_version == "unknown"
    other = deployment("helm-controller", **{"app.kubernetes.io/version": "v2.8.0"})
    assert look(Reader(Deployment=[deployment(), other])).flux_version == "2.8.0, 2.9.2"


def test_an_image_with_a_digest_and_a_port_is_taken_apart(look: Any) -> None:
    found = look(Reader(Deployment=[deployment(image="registry.example.com:5000/flux/source:v1@sha256:abc")])).images[0]
    assert (found.module, found.version, found.binary_sha256) == ("registry.example.com:5000/flux/source", "v1", "abc")


def test_namespaces_with_the_tenant_label_are_tenants_too(look: Any) -> None:
    more = [manifest("apps", **{LABEL: "dev-team"}), manifest("apps-2", **{LABEL: "dev-team"})]
    more += [manifest("web", **{LABEL: "web-team"}), manifest("kube-system")]
    found = look(Reader(Namespace=more))
    assert found.tenants == {"dev-team": "apps", "apps-2": "apps-2", "web-team": "web"}
    assert found.absent == {"ops-team": "ops"}
    assert found.unnamed == ["apps-2", "web"]


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        pytest.param({"dev-team": "dev-team"}, {"dev-team"}, id="called like the fleet's tenant"),
        pytest.param({"front": "web", "web": "web"}, {"front", "web"}, id="one of two called like their tenant"),
        pytest.param({"web": "front", "front": "web", "x": "web"}, {"front", "web", "x"}, id="called like each other"),
        pytest.param({"bare": ""}, {"bare"}, id="a label without a value, which policies select too"),
    ],
)
def test_no_namespace_of_a_tenant_takes_the_place_of_another(look: Any, more: dict[str, str], wanted: set[str]) -> None:
    own = [manifest("apps", **{LABEL: "dev-team"}), manifest("ops", **{LABEL: "ops-team"})]
    found = look(Reader(Namespace=own + [manifest(name, **{LABEL: value}) for name, value in sorted(more.items())]))
    assert set(found.tenants.values()) == {"apps", "ops"} | wanted
    assert (found.tenants["dev-team"], found.unnamed) == ("apps", sorted(wanted))


def test_a_cluster_without_any_tenant_is_refused(look: Any) -> None:
    with pytest.raises(InputError, match=r"none of the fleet's tenants is there \(dev-team in apps, ops-team in ops\)"):
        look(Reader(Namespace=[manifest("kube-system")]))


def test_a_cluster_without_flux_is_refused(look: Any) -> None:
    with pytest.raises(InputError, match="no Flux there: the namespace flux-system has no Deployment") as raised:
        look(Reader(Deployment=[]))
    assert "fluxNamespace" in raised.value.hint


def test_one_that_lacks_rights_is_looked_at_as_far_as_they_go(look: Any) -> None:
    found = look(Reader(RoleBinding=HTTPStatus.FORBIDDEN, Pod=HTTPStatus.FORBIDDEN))
    assert found.lacking == ["list RoleBinding in ", "list Pod in flux-system", "list Pod in kube-system"]
    assert found.tenants
    assert look(Reader()).lacking == []


def test_what_keeps_flux_from_being_seen_at_all_is_refused(look: Any) -> None:
    with pytest.raises(InputError, match=r"may not list Deployment in flux-system: User \"x\" cannot list") as raised:
        look(Reader(Deployment=HTTPStatus.FORBIDDEN))
    assert raised.value.hint == AUDIT_ROLE


@pytest.mark.parametrize(
    ("kind", "where"),
    [
        ("EndpointSlice", ("flux-system", "kube-system", "default")),
        ("Pod", ("flux-system", "kube-system")),
        ("ResourceQuota", ("flux-system",)),
        ("ServiceAccount", ("flux-system",)),
        ("get Service", ("flux-system", "kube-system", "default")),
        ("get Namespace", ("",)),
    ],
)
def test_rights_of_single_checks_are_asked_for_before_the_first(look: Any, kind: str, where: tuple[str, ...]) -> None:
    asked = kind if kind.startswith("get ") else f"list {kind}"
    assert look(Reader(**{kind: HTTPStatus.FORBIDDEN})).lacking == [f"{asked} in {place}" for place in where]


def test_the_role_of_audits_grants_what_is_asked_for() -> None:
    rules = yaml.safe_load((data_dir("fixtures") / "existing" / "audit.yaml").read_text())["rules"]
    granted = {(group, kind) for rule in rules for group in rule["apiGroups"] for kind in rule["resources"]}
    assert all(rule["verbs"] == ["get", "list", "watch"] for rule in rules)
    for version, kind, _ in [*rights.listed("flux-system"), *rights.got("flux-system")]:
        group = version.rpartition("/")[0]
        assert (group, f"{kind.lower().removesuffix('y')}{'ies' if kind.endswith('y') else 's'}") in granted


def test_a_kind_that_is_not_there_is_left_to_its_checks(look: Any) -> None:
    assert look(Reader(ValidatingAdmissionPolicy=HTTPStatus.NOT_FOUND)).tenants


@pytest.mark.parametrize(
    ("status", "hint"), [(HTTPStatus.FORBIDDEN, "ClusterRole"), (HTTPStatus.UNAUTHORIZED, "log in anew")]
)
def test_who_may_not_even_look_around_is_refused(look: Any, status: HTTPStatus, hint: str) -> None:
    with pytest.raises(InputError, match=r"context 'prod': .*Namespace") as raised:
        look(Reader(Namespace=status))
    assert hint in raised.value.hint


def test_a_server_that_does_not_answer_is_bad_input(look: Any) -> None:
    with pytest.raises(InputError, match="context 'prod' cannot be read: nobody there"):
        look(Reader(Namespace=KubeError("nobody there")))
    with pytest.raises(InputError, match="cannot be read: no certificate"):
        look(KubeError("no certificate"))


def test_an_unknown_context_names_the_known_ones(look: Any) -> None:
    with pytest.raises(InputError, match="no context 'moon'") as raised:
        look(Reader(), "moon")
    assert raised.value.hint == "known: prod, staging"


@pytest.mark.parametrize("hidden", [False, True])
def test_a_context_that_acts_as_somebody_else_is_refused(
    look: Any, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch, *, hidden: bool
) -> None:
    """A second user of that name does not hide it: the first one counts."""
    contexts = [{"name": "prod", "context": {"user": "me"}}]
    kubeconfig.write_text(yaml.safe_dump({"contexts": contexts, "users": [{"name": "me", "user": {"as": "root"}}]}))
    other = kubeconfig.with_name("other")
    other.write_text(yaml.safe_dump({"users": [{"name": "me", "user": {"token": "of nobody who is asked"}}]}))
    monkeypatch.setattr(existing, "kubeconfig_files", lambda _: (kubeconfig, other) if hidden else (kubeconfig,))
    with pytest.raises(InputError, match="context 'prod' acts as root"):
        look(Reader())


@pytest.mark.parametrize(("text", "said"), [("a: [", "is not YAML"), ("[]", "is no kubeconfig")])
def test_a_file_that_is_no_kubeconfig_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        existing.contexts_of([path])
    with pytest.raises(InputError, match="cannot be read: No such file"):
        existing.contexts_of([tmp_path / "nowhere"])


def test_kubeconfigs_are_found_as_kubectl_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.touch()
    assert kubeconfig_files(two, {"KUBECONFIG": str(one)}) == (two,)
    assert kubeconfig_files(None, {"KUBECONFIG": f"{one}:{two}:"}) == (one,)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert kubeconfig_files(None, {}) == ()
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").touch()
    assert kubeconfig_files(None, {}) == (tmp_path / ".kube" / "config",)


def test_what_was_chosen_is_said_again_and_defaults_are_not() -> None:
    assert chosen_words(Settings()) == ()
    chosen = Settings(fleet=Path("/f"), tenant=Path("/t"), profile=Profile.CORE)
    assert chosen_words(chosen) == ("--fleet", "/f", "--tenant", "/t", "--profile", "core")
    of_release = Settings(flux_version="2.9.5", stand_in="2.9.2", kubernetes_version="1.36")
    assert chosen_words(of_release) == ("--version", "2.9.5", "--stand-in", "2.9.2", "--kubernetes", "1.36")


def test_what_is_said_again_the_cli_knows() -> None:
    folder = Path("f")
    every = Settings(
        fleet=folder,
        tenant=folder,
        toolchain=folder,
        profile=Profile.CORE,
        flux_version="2.9.5",
        stand_in="2.9.2",
        kubernetes_version="1.36",
        operator_chart="oci://charts.example.com/flux-operator",
    )
    words = chosen_words(every)
    assert [word for word in words if word.startswith("--")] == list(words[::2])
    assert len(words) == 2 * 8
    ended = CliRunner().invoke(app, ["run", *words, "--help"])
    assert ended.exit_code == 0, ended.output


@pytest.mark.parametrize(("kind", "sync"), [("OCIRepository", Sync.OCI), ("GitRepository", Sync.GIT)])
def test_a_probe_is_told_the_fleets_addresses_and_its_own_tenants(
    look: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, sync: Sync
) -> None:
    found = look(Reader(), mode=Mode.PROBE)
    monkeypatch.setattr(found.cluster.client, "find", lambda _: {"spec": {"sourceRef": {"kind": kind}}})
    rest = {"report": tmp_path, "folder": tmp_path, "timeouts": Settings().timeouts, "redact": str, "binary": Path}
    fleet = Fleet(root=tmp_path, profile=FleetProfile(), route=Route.CLI)
    made = attached(found, fleet, Environment.STAGING, **rest, traces={}, probes=["shared-a"])
    assert (made.git_url, made.evil_git_url) == ("https://git.example.com/example", "https://git.example.com/evil")
    assert (made.oci_url, made.evil_oci_url) == (
        "oci://registry.example.com/example",
        "oci://registry.example.com/evil",
    )
    assert (list(made.probes), made.sync) == (["shared-a"], sync)
    assert made.capabilities == {Capability.DRY_RUNS, Capability.FLUX_CLI}
    assert " --mode probe" in made.rerun
    assert [one["metadata"]["name"] for one in found.namespaces] == ["apps", "ops"]


def test_a_check_that_asks_for_servers_is_told_that_there_are_none(look: Any, tmp_path: Path) -> None:
    fleet = Fleet(root=tmp_path, profile=FleetProfile(), route=Route.OPERATOR)
    made = attached(
        look(Reader()),
        fleet,
        Environment.STAGING,
        report=tmp_path,
        folder=tmp_path,
        timeouts=Settings().timeouts,
        redact=str,
        binary=Path,
        traces={},
        asked=chosen_words(Settings(fleet=Path("/my fleet"), profile=Profile.CORE)),
    )
    assert made.capabilities == {Capability.FLUX_OPERATOR}
    assert "--bootstrap" not in made.rerun
    assert made.rerun.endswith(" --fleet '/my fleet' --profile core")
    assert made.rerun.startswith("--provider existing --context prod --kubeconfig ")
    with pytest.raises(Breakdown, match="an existing cluster has no git server of the suite's"):
        made.git.entries(path_contains="x", since=None)  # type: ignore[arg-type]
