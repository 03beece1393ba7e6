"""A live platform audited as an existing cluster: what it finds, and that its own audit log shows reads only."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from support.existing import (
    READS,
    Looked,
    as_nodes_have_it,
    bind,
    has_address,
    logged,
    look,
    role,
    role_without,
    running,
    written,
)
from support.existing import kubeconfig as accounts
from support.planted import DNS, OTHERS, STRAY, dns_server, holes

from conformance.bootstrap.mutants import MUTANTS, platform_held_still
from conformance.bootstrap.platform import Platform
from conformance.kube.objects import Ref, pick, ref_to
from conformance.kube.reading import AGENT
from conformance.kube.wait import object_until
from conformance.model import EXIT_CODES, ExitCode, Manifest, Mode, Outcome, Verdict
from conformance.process import processes_of_run
from conformance.runs import RunFolder, open_run

pytestmark = pytest.mark.timeout(240)

RUN = "test-existing"
AUDITOR, SHORT, NOBODY = "auditor", "short", "nobody"
LACKING = ("networkpolicies", "rolebindings")
USERS = "system:serviceaccount:default"


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
    with running(RUN, folder, binary, tmp_path_factory.mktemp("report"), "shared-a") as made:
        yield made


@pytest.fixture(scope="module")
def as_with_nodes(platform: Platform) -> None:
    """What clusters with nodes have, and the embedded one has not: a DNS server, an API server at its usual port."""
    as_nodes_have_it(platform)


@pytest.fixture(scope="module")
def kubeconfig(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three identities, a context of a server that is not there, and a current-context that leads to it."""
    bind(platform, role(platform, "audit"), ("default", AUDITOR))
    bind(platform, role_without(platform, "audit", *LACKING), ("default", SHORT))
    config = accounts(platform, [("default", AUDITOR), ("default", SHORT), ("default", NOBODY)])
    return written(config, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def audit(kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Looked]:
    def run(context: str, *words: str) -> Looked:
        return look(kubeconfig, tmp_path_factory.mktemp("audit") / "report", context, *words)

    return run


@pytest.fixture(scope="module")
def clean(audit: Callable[..., Looked], kubeconfig: Path, as_with_nodes: None) -> Looked:
    before = sha256(kubeconfig.read_bytes()).hexdigest()
    done = audit(AUDITOR)
    assert sha256(kubeconfig.read_bytes()).hexdigest() == before
    return done


def test_a_platform_that_holds_is_conformant_as_far_as_it_was_read(clean: Looked) -> None:
    assert clean.code == 0, clean.said
    report = clean.report
    assert report.verdict is Verdict.CONFORMANT
    assert report.judgement.provisional
    assert any(text.startswith("an audit: ") for text in report.judgement.provisional_reasons)
    assert report.environment.mode is Mode.AUDIT
    assert (report.environment.provider, report.environment.bootstrap) == ("existing", "cli")
    assert (report.subject.flux_version, report.environment.kubernetes) == ("2.9.2", "v1.36.3")
    assert {one.name for one in report.subject.controllers} >= {"source-controller", "kustomize-controller"}


def test_every_row_is_judged_or_listed_with_what_it_needs(clean: Looked) -> None:
    report = clean.report
    judged = {row.id for row in report.results}
    assert {"A01", "A02", "A03", "A16", "A18", "B34", "C36", "D01", "E01", "E12", "E13", "H03", "J13"} <= judged
    assert not judged & set(report.beyond)
    assert len(judged | set(report.beyond)) == report.suite.catalog_size
    assert "needs" not in report.beyond["F01"]
    assert {"F01", "H17"} & set(report.beyond) == {"F01"}
    assert "need objects of a tenant that are really there" in clean.said
    assert "which a probe sends as dry-runs: B05" in clean.said
    assert "F01" in clean.said


def test_the_surface_of_the_live_flux_is_counted_and_known(clean: Looked) -> None:
    assert clean.report.new_surface == ()
    (said,) = [note for note in clean.report.notes if note.startswith("surface: ")]
    entries = int(said.removeprefix("surface: ").partition(" ")[0])
    assert entries > 300
    assert "; 0 are new surface" in said


def test_tenants_that_the_fleet_does_not_name_are_looked_at_too(clean: Looked) -> None:
    assert any("shared-a" in note for note in clean.report.notes)


def test_the_clusters_own_audit_log_shows_reads_only(clean: Looked, folder: RunFolder) -> None:
    assert clean.code == 0
    found = [one for one in logged(folder) if one["user"]["username"] == f"{USERS}:{AUDITOR}"]
    assert len(found) > len(clean.report.results)
    assert {one["verb"] for one in found} <= READS
    assert {one["userAgent"] for one in found} == {AGENT}
    assert [one for one in found if "impersonatedUser" in one or "dryRun" in one["requestURI"]] == []
    assert "secrets" not in {(one.get("objectRef") or {}).get("resource") for one in found}
    by_agent = [one for one in logged(folder) if one.get("userAgent", "").startswith(AGENT)]
    assert {one["user"]["username"] for one in by_agent} == {f"{USERS}:{AUDITOR}"}


def test_without_a_right_what_needs_it_is_not_judged_and_the_rest_is(
    clean: Looked, audit: Callable[..., Looked]
) -> None:
    done = audit(SHORT)
    assert done.code == EXIT_CODES[ExitCode.INCONCLUSIVE], done.said
    whole, short = ({row.key: row for row in one.report.results} for one in (clean, done))
    assert set(short) == set(whole)
    unjudged = {key for key, row in short.items() if row.result is Outcome.ERROR}
    assert {"C36", "E13"} <= unjudged
    assert len(unjudged) < len(whole) / 2
    assert {key: row.result for key, row in short.items() if key not in unjudged} == {
        key: row.result for key, row in whole.items() if key not in unjudged
    }
    assert {short[key].layer for key in unjudged} == {"rights"}
    wanted = {f"the right to {one}.networking.k8s.io" for one in ("get networkpolicies", "list networkpolicies")}
    wanted |= {"the right to list rolebindings.rbac.authorization.k8s.io"}
    assert {short[key].wanted.partition(" in ")[0] for key in unjudged} == wanted
    assert done.report.verdict is Verdict.INCONCLUSIVE
    for text in ("these credentials may not", "which is missing: ", "fixtures/existing/audit.yaml", *wanted):
        assert text in done.said


def test_a_tenants_namespace_without_guardrails_is_found(platform: Platform, audit: Callable[..., Looked]) -> None:
    platform.client.apply(STRAY)
    try:
        done = audit(AUDITOR, "-k", "D01 or E01 or E13")
    finally:
        platform.client.delete(Ref.of(STRAY))
    assert done.code == 1, done.said
    assert [done.outcomes(check) for check in ("D01", "E01", "E13")] == [[Outcome.FAILED]] * 3
    assert (
        f"rerun     flux-tenancy run --provider existing --context {AUDITOR} --environment staging -k 'D01'"
        in done.said
    )
    assert object_until(platform.client, ref_to("Namespace/stray"), lambda one: one is None, timeout_s=30)[1]


def test_controls_that_were_removed_are_found(platform: Platform, audit: Callable[..., Looked]) -> None:
    flag, policy, network = (MUTANTS[name].apply for name in ("M02", "M05-buckets-elsewhere", "M19"))
    with (
        platform_held_still(platform),
        flag(platform, ["shared-a"]),
        policy(platform, ["shared-a"]),
        network(platform, ["shared-a"]),
    ):
        done = audit(AUDITOR, "-k", "A02 or A03 or A24 or B34 or E09")
    assert done.code == 1, done.said
    failed = {row.id for row in done.report.results if row.result is Outcome.FAILED}
    assert failed == {"A02", "A24", "B34", "E09"}
    assert set(done.outcomes("A03")) == {Outcome.PASSED}


@pytest.mark.usefixtures("as_with_nodes")
@pytest.mark.parametrize(
    ("selector", "guise"),
    [
        pytest.param({}, "", id="all Pods"),
        pytest.param({"matchLabels": {"app": "web"}}, " as app=web", id="one app"),
    ],
)
def test_a_tenant_that_another_lets_in_by_its_name_is_found(
    platform: Platform, audit: Callable[..., Looked], selector: dict[str, Any], guise: str
) -> None:
    planted = holes(selector)
    for one in planted:
        platform.client.apply(one)
    try:
        done = audit(AUDITOR, "-k", "E01")
    finally:
        for one in planted:
            platform.client.delete(Ref.of(one))
    assert done.outcomes("E01") == [Outcome.FAILED], done.said
    assert f"shared-a/e01-client{guise} to ops/e01-server{guise}, 8080/TCP is let through" in done.said


@pytest.mark.usefixtures("as_with_nodes")
def test_dns_by_another_label_is_found(platform: Platform, audit: Callable[..., Looked]) -> None:
    platform.client.delete(ref_to("Pod/dns-kube-dns", "kube-system"))
    platform.client.apply(dns_server("other"))
    assert has_address(platform, "other")
    done = audit(AUDITOR, "-k", "E04")
    assert done.outcomes("E04") == [Outcome.FAILED], done.said
    assert "53/UDP does not stand" in done.said


@pytest.mark.usefixtures("as_with_nodes")
def test_what_the_network_s_checks_do_not_know_of_is_not_judged(
    platform: Platform, audit: Callable[..., Looked]
) -> None:
    platform.client.delete(Ref.of(DNS))
    platform.client.apply(OTHERS)
    try:
        _, known = object_until(platform.client, Ref.of(OTHERS), _is_established, timeout_s=30)
        assert known
        done = audit(AUDITOR, "-k", "E01 or E04")
    finally:
        platform.client.delete(Ref.of(OTHERS))
    assert done.code == EXIT_CODES[ExitCode.INCONCLUSIVE], done.said
    assert [done.outcomes(check) for check in ("E01", "E04")] == [[Outcome.ERROR]] * 2
    assert "others that decide too: cilium.io" in done.said
    assert "no kube-system/Service/kube-dns" in done.said


def _is_established(one: Manifest | None) -> bool:
    return any(c["type"] == "Established" and c["status"] == "True" for c in pick(one, "status", "conditions") or [])


@pytest.mark.parametrize(
    ("context", "texts"),
    [
        (NOBODY, ['User "system:serviceaccount:default:nobody" cannot list resource', "fixtures/existing/audit.yaml"]),
        ("stranger", ["401", "log in anew"]),
        ("gone", ["https://127.0.0.1:1 does not answer"]),
        ("moon", ["no context 'moon'", "known: auditor, short, nobody, stranger, gone"]),
        ("", ["needs the context of the cluster by its name"]),
    ],
)
def test_a_cluster_that_cannot_be_read_is_one_error(
    audit: Callable[..., Looked], context: str, texts: list[str]
) -> None:
    done = audit(context)
    assert done.code == pytest.ExitCode.USAGE_ERROR, done.said
    assert done.said.count("ERROR (not a finding):") == 1
    assert not (done.folder / "report.yaml").exists()
    for text in texts:
        assert text in done.said
