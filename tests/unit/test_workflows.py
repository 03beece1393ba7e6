"""The workflows and the action run what a developer can run: make targets and the CLI, with options that exist."""

import inspect
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from conformance.certificate.attestation import PREDICATE_FILE, SUBJECTS_FILE
from conformance.certificate.statement import PREDICATE_TYPE
from conformance.certificate_cli import certify as certify_upgrade
from conformance.cli import Where, app
from conformance.fixtures import ORACLE, SERVER_TOOLS
from conformance.model import Environment, Profile
from conformance.options import BOOTSTRAPS, OPTIONS, PROVIDERS
from conformance.providers import kind
from conformance.settings import PACKAGE_DIR, environment

RUNNER = CliRunner()
ROOT = PACKAGE_DIR.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
OWN_INPUTS = {"environment", "select", "artifact"}
"""Inputs that are no option of pytest: marker, -k, and the name of what is uploaded."""
NOT_FOR_A_JOB = {"context", "kubeconfig", "mode", "keep", "reuse", "upgrade-and-back"}
"""A runner ends with its job: there is nobody to look at a platform that is kept. The way back is for a look too."""
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
WRITERS = {("certify", "attest"), ("certify", "propose")}
"""Jobs that may write beside those of a release: neither of them runs what a fleet or a module brings."""
TO_GITHUB = re.compile(r'echo "(\w+)=\$\1" >> "\$GITHUB_OUTPUT"')
ASSIGNED = re.compile(r"\w+=\$\((.*)\)")


def read(path: Path) -> dict[Any, Any]:
    found = yaml.safe_load(path.read_text())
    assert isinstance(found, dict)
    return found


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in WORKFLOWS:
        for name, job in read(path)["jobs"].items():
            yield from ((f"{path.name}/{name}", step) for step in job["steps"])
    yield from (("action.yml", step) for step in ACTION["runs"]["steps"])


COMMANDS = [(place, line) for place, step in steps() for line in step.get("run", "").splitlines()]


def test_the_four_workflows_are_there() -> None:
    assert [path.stem for path in WORKFLOWS] == ["certify", "ci", "e2e", "release"]


@pytest.mark.parametrize(("place", "line"), COMMANDS)
def test_a_line_is_a_make_target_or_the_cli(place: str, line: str) -> None:
    if TO_GITHUB.fullmatch(line):
        return
    assigned = ASSIGNED.fullmatch(line)
    words = shlex.split(assigned.group(1) if assigned else line)
    if words[0] == "make":
        check_make(words[1:])
    else:
        assert words[0] in {".venv/bin/flux-tenancy", "$GITHUB_ACTION_PATH/.venv/bin/flux-tenancy"}, place
        check_cli(words[1:])


def check_make(words: list[str]) -> None:
    if words[0] == "-C":
        words = words[2:]
    targets = [word for word in words if "=" not in word]
    assert targets
    assert set(targets) <= TARGETS


def check_cli(words: list[str]) -> None:
    own, _, further = " ".join(map(shlex.quote, words)).partition(" -- ")
    ended = RUNNER.invoke(app, [*shlex.split(own), "--help"])  # 2: no such command or option
    assert ended.exit_code == 0, ended.output
    known = {option.name for option in OPTIONS}
    assert {word.partition("=")[0] for word in shlex.split(further)} <= known


@pytest.mark.parametrize("words", [["run", "--no-such"], ["no-such"], ["certify", "--no-such", "x"]])
def test_what_the_cli_does_not_know_is_seen(words: list[str]) -> None:
    with pytest.raises(AssertionError):
        check_cli(words)


def test_inputs_of_the_action_mirror_the_options() -> None:
    options = {option.name.removeprefix("--flux-"): option.default for option in OPTIONS}
    mirrored = {name: given["default"] for name, given in ACTION["inputs"].items() if name not in OWN_INPUTS}
    assert mirrored == {name: default for name, default in options.items() if name not in NOT_FOR_A_JOB}
    assert all(given["description"] for given in ACTION["inputs"].values())


def test_the_action_passes_each_input_on() -> None:
    (certify,) = (step for step in ACTION["runs"]["steps"] if step.get("name") == "Certify")
    for name in set(ACTION["inputs"]) - OWN_INPUTS:
        variable = name.upper().replace("-", "_")
        assert f"inputs.{name}" in certify["env"][variable]
        assert f'--flux-{name}="${variable}"' in certify["run"].split()


def test_what_a_caller_gives_reaches_the_cli_as_it_is(tmp_path: Path) -> None:
    """The step's own script, in bash, as a runner starts it; the CLI stands by and notes its words."""
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    stub = tmp_path / ".venv" / "bin" / "flux-tenancy"
    stub.write_text('#!/bin/bash\nprintf "%s\\n" "$@" > "$GITHUB_ACTION_PATH/words"\n')
    stub.chmod(0o755)
    (certify,) = (step for step in ACTION["runs"]["steps"] if step.get("name") == "Certify")
    evil = "a b'c\"; touch owned; $(touch owned) `touch owned` *"
    env = {"GITHUB_ACTION_PATH": str(tmp_path), "PATH": environment()["PATH"], **dict.fromkeys(certify["env"], evil)}
    script = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", certify["run"]]
    subprocess.run(script, cwd=tmp_path, env=env, check=True, timeout=60)
    words = (tmp_path / "words").read_text().splitlines()
    assert words[:7] == ["run", "--github", "--environment", evil, "-k", evil, "--"]
    assert [word.partition("=")[2] for word in words[7:]] == [evil] * (len(ACTION["inputs"]) - len(OWN_INPUTS))
    assert not (tmp_path / "owned").exists()


def test_the_action_reads_the_folder_that_its_own_run_told() -> None:
    """The input may hold an earlier report, whose verdict is no answer of this use."""
    steps = {step["name"]: step for step in ACTION["runs"]["steps"]}
    told = "${{ steps.certify.outputs.report }}"
    assert steps["Certify"]["id"] == "certify"
    assert ACTION["outputs"]["report"]["value"] == steps["Upload the report"]["with"]["path"] == told
    assert steps["Report"]["env"]["REPORT"] == told
    assert steps["Report"]["run"].endswith('"$REPORT"')
    for name in ("Upload the report", "Report"):
        # Also after a finding; never where no run told a folder, since an empty one is the workspace.
        assert steps[name]["if"] == "always() && steps.certify.outputs.report != ''"
    assert [name for name, step in steps.items() if "inputs.report" in str(step)] == ["Certify"]


def test_choices_are_those_of_the_suite() -> None:
    given = read(ROOT / ".github/workflows/certify.yml")
    inputs = given[True]["workflow_dispatch"]["inputs"]  # YAML 1.1 reads the key `on` as a boolean
    assert set(inputs["environment"]["options"]) == {str(where) for where in Where}
    assert set(inputs["profile"]["options"]) == {str(profile) for profile in Profile}
    assert set(given["jobs"]["certify"]["strategy"]["matrix"]["provider"]) == set(PROVIDERS)
    assert given["jobs"]["certify"]["strategy"]["matrix"]["bootstrap"] == [str(route) for route in BOOTSTRAPS]
    matrix = read(ROOT / ".github/workflows/e2e.yml")["jobs"]["kind"]["strategy"]["matrix"]
    assert matrix["environment"] == [str(environment) for environment in Environment]
    assert matrix["bootstrap"] == [str(route) for route in BOOTSTRAPS]


def test_on_kind_alone_releases_are_those_of_kind_and_beside_others_those_of_all() -> None:
    plans = {name: read(ROOT / f".github/workflows/{name}.yml")["jobs"]["plan"]["steps"] for name in ("e2e", "certify")}
    for name, wanted in (("e2e", True), ("certify", False)):
        (run,) = (step["run"] for step in plans[name] if step.get("id") == "releases")
        assert ("--provider kind" in run) is wanted


def test_parity_compares_every_report_of_the_certificate() -> None:
    jobs = read(ROOT / ".github/workflows/certify.yml")["jobs"]
    (step,) = (step for step in jobs["parity"]["steps"] if "parity" in step.get("run", ""))
    found = {word.partition("-")[2] for word in shlex.split(step["run"]) if word.startswith("$REPORTS")}
    matrix = jobs["certify"]["strategy"]["matrix"]
    assert found == {f"{route}-{provider}" for route in matrix["bootstrap"] for provider in matrix["provider"]}


def test_what_a_platform_needs_is_built_where_it_is_one_of_several() -> None:
    conditions = {step["name"]: step.get("if", "") for step in ACTION["runs"]["steps"]}
    assert "contains(inputs.provider, 'kind')" in conditions["Build what Kind needs"]
    assert "contains(inputs.provider, 'embedded')" in conditions["Build what is missing"]
    assert "contains(inputs.bootstrap, 'operator')" in conditions["Build what the operator's route needs"]
    assert "inputs.mutants != ''" in conditions["Build what mutants need"]
    for name in ("Name the cache of two releases", "Build what the other release needs"):
        assert "inputs.upgrade-to != '' || inputs.stand-in != ''" in conditions[name]
    (restore,) = (step for step in ACTION["runs"]["steps"] if step.get("id") == "cache")
    # What is built differs with each of these, so what is kept has another name: else it would never be complete.
    for part in ("inputs.provider, 'embedded'", "inputs.provider, 'kind'", "inputs.bootstrap, 'operator'"):
        assert f"contains({part})" in restore["with"]["key"]
    for part in ("inputs.mutants != ''", "steps.toolchain.outputs.key", "steps.other.outputs.key"):
        assert part in restore["with"]["key"]
    # The key of a cache may not have commas: an input never stands in it as it was given.
    assert not re.search(r"\{\{\s*inputs\.[\w-]+\s*(\}\}|\|\|)", restore["with"]["key"])


def test_on_kind_all_that_a_run_takes_from_the_toolchain_is_built_and_nothing_else() -> None:
    """Controllers are images there: building them takes a job longer than its certification."""
    (step,) = (step for step in ACTION["runs"]["steps"] if step["name"] == "Build what Kind needs")
    _, _, built = step["run"].partition('"$VERSION"')
    assert built.split() == [*kind.TOOLS, *SERVER_TOOLS, *ORACLE]


def test_what_a_job_runs_was_built_before_with_little_disk() -> None:
    """A run builds by itself what it lacks, all at once: more disk than a hosted runner promises."""
    lines = [line for _, line in COMMANDS if " toolchain build " in line]
    assert [line for line in lines if "--frugal" not in line] == []
    names = [step["name"] for step in ACTION["runs"]["steps"]]
    builds = [name for name in names if name.startswith("Build what")]
    assert len(builds) == 5
    assert max(map(names.index, builds)) < names.index("Keep the binaries") < names.index("Certify")
    # A mutated controller is compiled from the caches of its own, which are dropped after each group.
    assert names.index("Build what mutants need") < names.index("Build what is missing")
    job = read(ROOT / ".github/workflows/certify.yml")["jobs"]["upgrade"]
    assert job["env"] == {"FROM": "${{ matrix.pair.from }}", "TO": "${{ matrix.pair.to }}"}
    runs = [step["run"] for step in job["steps"] if ".venv/bin/flux-tenancy " in step.get("run", "")]
    assert [run.partition(" toolchain build ")[2] for run in runs[:2]] == [
        '--frugal --flux-version "$FROM"',
        '--frugal --flux-version "$TO"',
    ]
    assert [" upgrade " in runs[2], " certify " in runs[3], len(runs)] == [True, True, 4]


def test_a_certificate_counts_an_upgrade_in_place_on_the_same_platform() -> None:
    """Without one it is provisional; one by another route or of other environments is refused."""
    steps = read(ROOT / ".github/workflows/certify.yml")["jobs"]["upgrade"]["steps"]
    upgrade, certify = (step for step in steps if re.search(r" (upgrade|certify) ", step.get("run", "")))
    assert upgrade["continue-on-error"] is True  # a finding is an answer, and the certificate gives it
    assert "continue-on-error" not in certify
    (by_hand, made) = (shlex.split(step["run"])[2:] for step in (upgrade, certify))
    given, counted = (dict(zip(words[::2], words[1::2], strict=True)) for words in (by_hand, made))
    assert given["--report"] == counted["--upgrade"]
    (bootstrap,) = (
        one.default for one in inspect.signature(certify_upgrade).parameters.values() if one.name == "bootstrap"
    )
    assert given["--bootstrap"] == bootstrap
    for word in ("--from", "--to", "--environment"):
        assert given[word] == counted[word]


@pytest.mark.parametrize("name", ["certify", "e2e"])
def test_no_event_and_no_push_takes_the_place_of_another(name: str) -> None:
    concurrency = read(ROOT / f".github/workflows/{name}.yml")["concurrency"]
    assert concurrency["group"].startswith(f"{name}-${{{{ github.event_name }}}}-")
    assert "github.event_name == 'push' && github.sha" in concurrency["group"]
    assert concurrency["group"].endswith("|| github.run_id }}")
    assert concurrency["cancel-in-progress"] is False


def test_each_push_that_names_a_release_is_certified() -> None:
    jobs = read(ROOT / ".github/workflows/certify.yml")["jobs"]
    assert "github.event_name == 'push'" in jobs["upgrades"]["if"]
    added, named = (step for step in jobs["upgrades"]["steps"] if step.get("id"))
    assert added["env"] == {"BEFORE": "${{ github.event.before }}"}
    (checkout,) = (step for step in jobs["upgrades"]["steps"] if "checkout" in step.get("uses", ""))
    assert checkout["with"]["fetch-depth"] == 0
    assert named["env"] == {"FROM": "${{ inputs.from }}", "TO": "${{ inputs.to }}"}
    assert added["if"].replace("==", "!=") == named["if"]
    pairs = "${{ fromJSON(needs.upgrades.outputs.pairs) }}"
    assert [jobs[name]["strategy"]["matrix"] for name in ("upgrade", "attest")] == [{"pair": pairs}, {"pair": pairs}]
    # A matrix without a pair would fail.
    assert jobs["upgrade"]["if"] == "${{ needs.upgrades.outputs.pairs != '[]' }}"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_has_no_rights_that_no_job_names_and_ends_in_time(path: Path) -> None:
    found = read(path)
    assert found["permissions"] == {}
    assert found["concurrency"]["group"].startswith(f"{path.stem}-")
    for name, job in found["jobs"].items():
        assert 0 < job["timeout-minutes"] <= 90
        assert job["permissions"]
        writes = "write" in job["permissions"].values()
        assert not writes or path.stem == "release" or (path.stem, name) in WRITERS


@pytest.mark.parametrize(("place", "step"), list(steps()))
def test_an_action_is_pinned_and_a_checkout_keeps_no_credentials(place: str, step: dict[str, Any]) -> None:
    used = step.get("uses", "./")
    assert used == "./" or re.fullmatch(r"[\w-]+/[\w/-]+@[0-9a-f]{40}", used), place
    if used.startswith("actions/checkout@"):
        assert step["with"]["persist-credentials"] is False


def test_one_action_has_one_pin_everywhere_with_its_version() -> None:
    text = "".join(path.read_text() for path in [*WORKFLOWS, ROOT / "action.yml"])
    pins = re.findall(r"uses: (\S+?)@(\w+) # (v\d+\.\d+\.\d+)$", text, re.MULTILINE)
    assert len(pins) == len(re.findall(r"uses: \S+@", text))
    by_action = {name.removesuffix("/save").removesuffix("/restore"): (sha, version) for name, sha, version in pins}
    for name, sha, version in pins:
        assert by_action[name.removesuffix("/save").removesuffix("/restore")] == (sha, version)


def test_only_what_certify_has_just_made_is_attested_and_proposed() -> None:
    jobs = read(ROOT / ".github/workflows/certify.yml")["jobs"]
    (made,) = (step["run"] for step in jobs["upgrade"]["steps"] if " certify " in step.get("run", ""))
    words = shlex.split(made)
    folder, parts = (words[words.index(word) + 1] for word in ("--publish", "--attestation"))
    assert not (ROOT / folder).is_relative_to(ROOT / "certificates")
    upload = uses(jobs["upgrade"], "actions/upload-artifact")["with"]
    assert {folder, parts.rpartition("/")[0]} == {f"{upload['path']}certificates", f"{upload['path']}attestation"}
    pair = "${{ matrix.pair.from }}-${{ matrix.pair.to }}"
    assert (upload["name"], upload["if-no-files-found"]) == (f"certificate-{pair}", "ignore")

    came, attest = uses(jobs["attest"], "actions/download-artifact")["with"], uses(jobs["attest"], "actions/attest")
    assert came["name"] == upload["name"]  # without a certificate there is none, and the job fails here
    assert attest["with"] == {
        "subject-checksums": f"{came['path']}attestation/{pair}/{SUBJECTS_FILE}",
        "predicate-path": f"{came['path']}attestation/{pair}/{PREDICATE_FILE}",
        "predicate-type": PREDICATE_TYPE,
    }
    bundle = uses(jobs["attest"], "actions/upload-artifact")["with"]
    assert (bundle["path"], bundle["if-no-files-found"]) == ("${{ steps.attest.outputs.bundle-path }}", "error")
    assert not [step for step in jobs["attest"]["steps"] if "run" in step or "checkout" in step["uses"]]

    folders = {
        step["with"]["pattern"]: step["with"]["path"]
        for step in jobs["propose"]["steps"]
        if "with" in step and "pattern" in step["with"]
    }
    assert folders == {"certificate-*": "build/made", "attestation-*": "build/attested"}
    assert (upload["name"].partition("-")[0], bundle["name"]) == ("certificate", f"attestation-{pair}")
    last = jobs["propose"]["steps"][-1]["run"]
    assert last == "make publish-certificates NEW=build/made/certificates ATTESTATIONS=build/attested"
    # Neither begins where nothing was certified; both do where the answer was no.
    assert jobs["attest"]["if"] == "${{ !cancelled() && needs.upgrade.result != 'skipped' }}"
    assert jobs["propose"]["if"] == "${{ !cancelled() && needs.attest.result != 'skipped' }}"


def uses(job: dict[str, Any], action: str) -> dict[str, Any]:
    (found,) = (step for step in job["steps"] if step.get("uses", "").partition("@")[0] == action)
    assert isinstance(found, dict)
    return found
