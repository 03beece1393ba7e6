"""A live platform probed as an existing cluster: what it finds, that nothing else lasts, and that nothing is left."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.existing import (
    READS,
    Looked,
    as_nodes_have_it,
    bind,
    command,
    everything,
    fleet_of,
    kubeconfig,
    logged,
    look,
    role,
    role_without,
    running,
    wait_until_settled,
)
from support.existing import written as written_to

from conformance.bootstrap.mutants import MUTANTS, platform_held_still
from conformance.bootstrap.platform import Platform
from conformance.kube.objects import Ref, pick, ref_to
from conformance.kube.probing import INERT, LEASE_NAME, ProbingClient
from conformance.kube.wait import eventually, object_until
from conformance.model import EXIT_CODES, ExitCode, Mode, Outcome, Verdict
from conformance.process import processes_of_run
from conformance.providers.probe_lease import REF as LEASE
from conformance.providers.probe_rights import wanted
from conformance.providers.rights import got, listed
from conformance.providers.throwaway import LABEL, Plan
from conformance.runs import RunFolder, open_run
from conformance.settings import environment

pytestmark = pytest.mark.timeout(240)

RUN = "test-probe"
PROBER, OUTSIDER, SHORT = "prober", "outsider", ("kube-system", "short")
"""The first two have every right of a probe; the fleet's guard of namespaces lets through the other two only."""
USER = f"system:serviceaccount:kube-system:{PROBER}"
ASKING = {"B05", "B17", "B24", "B29", "B49", "C14", "C17", "C20", "C22", "C25", "C32", "C34", "D02", "D06", "J06"}


@pytest.fixture(scope="module")
def folder() -> Iterator[RunFolder]:
    made = open_run(RUN)
    yield made
    made.remove()
    assert processes_of_run(RUN) == []


@pytest.fixture(scope="module")
def platform(
    folder: RunFolder, binary: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    with running(RUN, folder, binary, tmp_path_factory.mktemp("report"), "bystander") as made:
        as_nodes_have_it(made)
        wait_until_settled(made)
        yield made


@pytest.fixture(scope="module")
def config(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    accounts = [("kube-system", PROBER), ("default", OUTSIDER)]
    bind(platform, role(platform, "audit"), *accounts, SHORT)
    bind(platform, role(platform, "probe"), *accounts)
    bind(platform, role_without(platform, "probe", "ocirepositories", "users"), SHORT)
    return written_to(kubeconfig(platform, [*accounts, SHORT]), tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def fleet(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fleet_of(platform, tmp_path_factory.mktemp("fleet") / "fleet")


@pytest.fixture(scope="module")
def probe(config: Path, fleet: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Looked]:
    def run(context: str, *words: str) -> Looked:
        report = tmp_path_factory.mktemp("probe") / "report"
        return look(config, report, context, "--mode", "probe", "--fleet", str(fleet), *words)

    return run


@pytest.fixture
def begun(
    platform: Platform, config: Path, fleet: Path, tmp_path: Path
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a probe, and come back when its tenants are there."""
    with contextlib.ExitStack() as stack:

        def start(*words: str) -> subprocess.Popen[str]:
            argv = command(PROBER, tmp_path / "report", "--mode", "probe", "--fleet", str(fleet), *words)
            env = {**environment(), "KUBECONFIG": str(config), "PYTHONUNBUFFERED": "1"}
            out = stack.enter_context((tmp_path / "said").open("w"))
            child = subprocess.Popen(argv, stdout=out, stderr=subprocess.STDOUT, text=True, env=env)
            stack.callback(_killed, child)
            there = object_until(platform.client, ref_to("ServiceAccount/flux", "shared-a"), bool, timeout_s=120)[1]
            assert there, (tmp_path / "said").read_text()
            return child

        yield start


def _killed(child: subprocess.Popen[str]) -> None:
    child.kill()
    child.wait(timeout=30)


def lasting(entry: dict[str, Any], own: set[str]) -> bool:
    """Whether a request could have changed what is not the probe's own."""
    ref = entry.get("objectRef") or {}
    if entry["verb"] in READS or "dryRun=All" in entry["requestURI"] or ref.get("name") == LEASE_NAME:
        return False
    if ref.get("resource") == "namespaces":
        return ref.get("name", "") not in own
    if ref.get("subresource") not in (None, "token"):
        return True
    return not (ref.get("namespace") in own and ref.get("resource") in INERT.values())


@pytest.fixture(scope="module")
def clean(platform: Platform, probe: Callable[..., Looked]) -> Looked:
    before = everything(platform)
    done = probe(PROBER)
    after = everything(platform)
    assert done.code == 0, done.said
    assert after == before, f"{sorted(after ^ before)}\n{done.said}"
    return done


def test_a_platform_that_holds_is_conformant_as_far_as_it_was_probed(clean: Looked) -> None:
    assert clean.code == 0, clean.said
    report = clean.report
    assert (report.verdict, report.environment.mode) == (Verdict.CONFORMANT, Mode.PROBE)
    assert any(text.startswith("a probe: ") for text in report.judgement.provisional_reasons)
    assert "conformant (probe, provisional)" in clean.said
    judged = {row.id for row in report.results}
    assert judged >= ASKING | {"A01", "C36", "D01", "E01"}
    assert not judged & set(report.beyond)
    assert len(judged | set(report.beyond)) == report.suite.catalog_size
    assert "F01" in report.beyond


def test_it_says_that_the_inventory_is_the_same(clean: Looked) -> None:
    (said,) = [note for note in clean.report.notes if note.startswith("inventory: ")]
    assert said.partition(";")[0].endswith(" objects before and the same after")
    assert int(said.split()[1]) > 300


def test_the_clusters_own_audit_log_shows_dry_runs_and_its_own_ground_only(clean: Looked, folder: RunFolder) -> None:
    assert clean.code == 0
    found = [one for one in logged(folder) if one.get("userAgent", "").startswith("flux-tenancy-conformance/probe")]
    own = {one["objectRef"]["name"] for one in found if _makes_namespace(one)}
    assert own >= {"shared-a", "shared-b", "b17-plain"}
    assert {one["user"]["username"] for one in found} == {USER}
    tenants = [one for one in logged(folder) if one["user"]["username"].startswith("system:serviceaccount:shared-")]
    of_checks = [one for one in tenants if one.get("userAgent", "").startswith("flux-tenancy-conformance/")]
    assert len(of_checks) > len(ASKING)
    assert [one["requestURI"] for one in (*found, *of_checks) if lasting(one, own)] == []
    flux = [one for one in (*found, *of_checks) if "fluxcd.io" in (one.get("objectRef") or {}).get("apiGroup", "")]
    assert [one for one in flux if one["verb"] not in READS and "dryRun=All" not in one["requestURI"]] == []
    assert len([one for one in flux if one["verb"] == "create"]) > len(ASKING)


def test_every_right_that_it_used_had_been_asked_for(clean: Looked, platform: Platform, folder: RunFolder) -> None:
    assert clean.code == 0
    found = [one for one in logged(folder) if one.get("userAgent", "") == "flux-tenancy-conformance/probe"]
    used = {_right(one) for one in found if _takes_a_right(one)}
    asked = {(one.verb, one.group, one.resource) for one in wanted("flux-system", Plan())}
    for verb, rights in (("list", listed("flux-system")), ("get", got("flux-system"))):
        asked |= {(verb, *platform.client.resource(Ref(version, kind, ""))) for version, kind, _ in rights}
    # What only explains findings is read where it may be: the last rule of fixtures/existing/audit.yaml.
    explains = {("list", "apps", "daemonsets"), ("list", "helm.toolkit.fluxcd.io", "helmreleases")}
    assert len(used) > 40
    assert sorted(used - asked - explains) == []


def _takes_a_right(entry: dict[str, Any]) -> bool:
    """Whether it is the prober's own request, and neither a question for rights nor a look of the inventory."""
    ref = entry.get("objectRef") or {}
    own = "impersonatedUser" not in entry and ref.get("apiGroup") != "authorization.k8s.io"
    return bool(ref) and own and "limit=500" not in entry["requestURI"]


def _right(entry: dict[str, Any]) -> tuple[str, str, str]:
    ref = entry["objectRef"]
    part = f"/{ref['subresource']}" if ref.get("subresource") else ""
    return entry["verb"], ref.get("apiGroup", ""), f"{ref['resource']}{part}"


def _makes_namespace(entry: dict[str, Any]) -> bool:
    made = entry["verb"] == "create" and (entry.get("objectRef") or {}).get("resource") == "namespaces"
    return made and "dryRun" not in entry["requestURI"]


def test_who_serves_a_group_is_asked_of_the_api_server(platform: Platform) -> None:
    service = {"name": "nobody", "namespace": "default"}
    spec = {"group": "other.fluxcd.io", "version": "v1", "groupPriorityMinimum": 1000, "versionPriority": 15}
    made = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": "v1.other.fluxcd.io"},
        "spec": {**spec, "service": service, "insecureSkipTLSVerify": True},
    }
    client = ProbingClient.from_kubeconfig(platform.cluster.kubeconfig, timeout_s=10)
    platform.client.apply(made)
    try:
        client.maker().learn_servers()
    finally:
        platform.client.delete(Ref.of(made))
        client.close()
    own = {"", "apps", "coordination.k8s.io", "source.toolkit.fluxcd.io", "notification.toolkit.fluxcd.io"}
    assert own <= client.ground.kept
    assert "apiregistration.k8s.io/v1" not in client.maker().kinds()[1]
    assert "other.fluxcd.io" not in client.ground.kept


def test_an_inventory_has_kinds_that_the_preferred_version_of_their_group_lacks(platform: Platform) -> None:
    found = [kind for version, kind in platform.client.listable() if version.startswith("notification.toolkit")]
    assert sorted(found) == ["Alert", "Provider", "Receiver"]


def test_controls_that_were_removed_are_found(platform: Platform, probe: Callable[..., Looked]) -> None:
    with platform_held_still(platform), MUTANTS["M05-sources"].apply(platform, ["bystander"]):
        done = probe(PROBER, "-k", "B05 or B41 or B17")
    assert done.code == 1, done.said
    assert done.outcomes("B05") == [Outcome.FAILED]
    assert done.outcomes("B41") == done.outcomes("B17") == [Outcome.PASSED]
    assert f"--provider existing --context {PROBER} --mode probe" in done.said


def test_ctrl_c_leaves_nothing_and_a_second_probe_is_refused_meanwhile(
    platform: Platform, begun: Callable[..., Any], probe: Callable[..., Looked], tmp_path: Path
) -> None:
    before = everything(platform)
    child = begun()
    child.send_signal(signal.SIGSTOP)  # so that it is there as long as the second one looks
    second = probe(PROBER, "-k", "B41")
    child.send_signal(signal.SIGCONT)
    child.send_signal(signal.SIGINT)
    assert child.wait(timeout=90) == pytest.ExitCode.INTERRUPTED, (tmp_path / "said").read_text()
    assert everything(platform) == before
    assert second.code == pytest.ExitCode.USAGE_ERROR, second.said
    assert "another probe runs on this cluster: " in second.said
    assert f" on {os.uname().nodename} holds default/Lease/{LEASE_NAME} since 20" in second.said
    assert "inventory: " in (tmp_path / "said").read_text()


def test_what_a_killed_probe_left_goes_with_the_next(
    platform: Platform, begun: Callable[..., Any], probe: Callable[..., Looked]
) -> None:
    before = everything(platform)
    child = begun()
    child.kill()
    child.wait(timeout=30)
    assert platform.client.find(ref_to("Namespace/shared-a")) is not None
    renewed = pick(platform.client.get(LEASE), "spec", "renewTime")
    eventually(
        lambda: probe(PROBER, "-k", "B41"),
        lambda done: done.code != pytest.ExitCode.USAGE_ERROR,
        timeout_s=90,
        what=f"the Lease of {renewed} lapses",
        interval_s=2,
    )
    assert everything(platform) == before
    assert platform.client.objects("v1", "Namespace", labels=LABEL) == []


def test_without_a_right_what_needs_it_is_not_judged_and_the_rest_is(
    clean: Looked, probe: Callable[..., Looked]
) -> None:
    done = probe(SHORT[1])
    assert done.code == EXIT_CODES[ExitCode.INCONCLUSIVE], done.said
    whole, short = ({row.key: row.result for row in one.report.results} for one in (clean, done))
    unjudged = {row.key: row for row in done.report.results if row.result is Outcome.ERROR}
    assert unjudged
    assert {key: result for key, result in short.items() if key not in unjudged} == {
        key: result for key, result in whole.items() if key not in unjudged
    }
    assert {row.layer for row in unjudged.values()} == {"rights"}
    assert {row.wanted for row in unjudged.values()} == {
        "the right to create ocirepositories.source.toolkit.fluxcd.io in j06-plain",
        "the right to impersonate users gotk:shared-a:reconciler",
    }
    assert "fixtures/existing/probe.yaml" in done.said


def test_who_could_not_delete_the_namespaces_again_is_refused(platform: Platform, probe: Callable[..., Looked]) -> None:
    before = everything(platform)
    done = probe(OUTSIDER)
    assert done.code == pytest.ExitCode.USAGE_ERROR, done.said
    assert "could not delete the namespaces of a probe again" in done.said
    assert "guard-namespace" in done.said
    assert everything(platform) == before


def test_names_that_are_taken_are_refused(platform: Platform, probe: Callable[..., Looked]) -> None:
    platform.client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "b17-plain"}})
    try:
        done = probe(PROBER, "-k", "B17")
    finally:
        platform.client.delete(ref_to("Namespace/b17-plain"))
    assert done.code == pytest.ExitCode.USAGE_ERROR, done.said
    assert "these are there already: b17-plain" in done.said
    assert object_until(platform.client, ref_to("Namespace/b17-plain"), lambda one: one is None, timeout_s=30)[1]


def test_a_probe_is_no_inconclusive_audit(probe: Callable[..., Looked]) -> None:
    done = probe(PROBER, "-k", "A02")
    assert done.code == EXIT_CODES[ExitCode.CONFORMANT], done.said
    assert "inventory: " not in done.said
