"""A fleet is refused before anything starts, and rendered without touching it."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from conformance.errors import InputError
from conformance.model import Environment, Manifest, Route
from conformance.repos.fleet import Build, Fleet, Rendered, load_fleet, render_fleet
from conformance.repos.mapping import AddressMap
from conformance.repos.probes import Probe
from conformance.repos.writers import BaseWriter
from conformance.repos.yaml_files import load_objects
from conformance.settings import data_dir

STAGING = [Environment.STAGING]
LOCAL = AddressMap({"https://git.example.com/": "http://127.0.0.1:1/"})


DATA = Path(__file__).parent / "data"


def write_fleet(root: Path) -> Path:
    return shutil.copytree(DATA / "fleet", root, dirs_exist_ok=True)


def build(folder: Path) -> str:
    assert folder.is_dir()
    return LOCAL.apply((DATA / "fleet-tenants-built.yaml").read_text())


def render(fleet: Fleet, probes: list[Probe], out: Path, built: Build = build) -> Rendered:
    def make(_: Path, template: Sequence[Manifest]) -> BaseWriter:
        return BaseWriter(template, fleet.profile)

    return render_fleet(fleet, Environment.STAGING, LOCAL, probes, out, built, make)


def refused(root: Path, *environments: Environment) -> str:
    with pytest.raises(InputError) as caught:
        load_fleet(root, environments or STAGING)
    return caught.value.what


def test_no_such_folder(tmp_path: Path) -> None:
    assert refused(tmp_path / "nowhere") == f"{tmp_path}/nowhere: no such folder"


@pytest.mark.parametrize("part", ["clusters", "policies", "tenants"])
def test_a_missing_folder_is_named(tmp_path: Path, part: str) -> None:
    (write_fleet(tmp_path) / part).rename(tmp_path / "away")
    assert f"the fleet has no folder {part}/staging" in refused(tmp_path)


def test_a_missing_folder_has_the_line_that_names_it(tmp_path: Path) -> None:
    write_fleet(tmp_path)
    (tmp_path / "conformance.yaml").write_text(
        "apiVersion: conformance.fluxtenancy.dev/v1alpha1\nkind: FleetProfile\nenvironments:\n  staging:\n"
        "    cluster: clusters/stagging\n    policies: policies/staging\n    tenants: tenants/staging\n"
    )
    assert "conformance.yaml:5: the fleet has no folder clusters/stagging" in refused(tmp_path)
    (tmp_path / "clusters/stagging").mkdir()
    assert "conformance.yaml:3: environments: production is missing" in refused(tmp_path, Environment.PRODUCTION)


def test_only_the_environments_of_the_run_are_needed(tmp_path: Path) -> None:
    load_fleet(write_fleet(tmp_path), STAGING)
    assert "clusters/production" in refused(tmp_path, Environment.PRODUCTION)


@pytest.mark.parametrize(
    ("content", "line"),
    [(b"a: b\nc: [\n", 2), (b"a: b\n  c: d\n", 2), (b"a: b\nc: \xff\n", 2), (b"a: b\nc: \x01\n", 2)],
)
def test_yaml_that_does_not_parse_has_its_line(tmp_path: Path, content: bytes, line: int) -> None:
    (write_fleet(tmp_path) / "policies/staging/x.yml").write_bytes(content)
    assert refused(tmp_path).startswith(f"{tmp_path}/policies/staging/x.yml:{line}: not ")


def test_templates_of_charts_and_git_are_no_yaml_of_the_fleet(tmp_path: Path) -> None:
    write_fleet(tmp_path)
    for name in ("charts/x/templates/a.yaml", ".git/a.yaml"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("{{ if }}\n")
    (tmp_path / "charts/x/Chart.yaml").write_text("name: x\n")
    load_fleet(tmp_path, STAGING)
    (tmp_path / "charts/x/Chart.yaml").unlink()
    assert "charts/x/templates/a.yaml:1: not valid YAML" in refused(tmp_path)


def test_a_template_tenant_that_is_not_there(tmp_path: Path) -> None:
    write_fleet(tmp_path)
    (tmp_path / "tenants/staging/namespace.yaml").write_text("kind: Kustomization\n")
    assert "the fleet has no namespace apps" in refused(tmp_path)
    (tmp_path / "tenants/staging/namespace.yaml").write_text("kind: Kustomization\nnamespace: apps\n")
    load_fleet(tmp_path, STAGING)


def test_rendering_adds_the_probes_and_leaves_the_fleet_alone(tmp_path: Path) -> None:
    root = write_fleet(tmp_path / "fleet")
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    fleet = load_fleet(root, STAGING)
    probes = [Probe(name="shared-a"), Probe(name="b24-x")]
    made = render(fleet, probes, tmp_path / "out")
    assert made.added == [
        "conformance-probes/staging/shared-a.yaml",
        "conformance-probes/staging/b24-x.yaml",
        "clusters/staging/conformance-probes.yaml",
    ]
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before
    assert [(secret.namespace, secret.name, secret.url) for secret in made.secrets] == [
        ("apps", "dev-team-auth", "http://127.0.0.1:1/example/dev-team"),
        ("b24-x", "dev-team-auth", "http://127.0.0.1:1/example/b24-x.git"),
        ("shared-a", "dev-team-auth", "http://127.0.0.1:1/example/shared-a.git"),
    ]


def test_rendering_without_probes_is_a_copy(tmp_path: Path) -> None:
    fleet = load_fleet(write_fleet(tmp_path / "fleet"), STAGING)
    assert render(fleet, [], tmp_path / "out").added == []
    names = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert names == {"clusters/staging/tenants.yaml", "policies/staging/x.yaml", "tenants/staging/namespace.yaml"}


def test_a_sourceignore_lets_the_probes_through(tmp_path: Path) -> None:
    (write_fleet(tmp_path / "fleet") / ".sourceignore").write_text("/*\n!/clusters/\n")
    fleet = load_fleet(tmp_path / "fleet", STAGING)
    added = render(fleet, [Probe(name="a")], tmp_path / "out").added
    assert added[-1] == ".sourceignore"
    assert (tmp_path / "out/.sourceignore").read_text() == "/*\n!/clusters/\n!/conformance-probes/\n"


def test_a_build_that_is_no_yaml_names_the_folder(tmp_path: Path) -> None:
    fleet = load_fleet(write_fleet(tmp_path / "fleet"), STAGING)
    with pytest.raises(InputError, match=r"tenants/staging:1: not valid YAML"):
        render(fleet, [Probe(name="a")], tmp_path / "out", lambda _: "a: [")


def write_operator(root: Path) -> Path:
    """Add the operator's folder of the reference fleet."""
    for name in ("operator/staging/flux-instance.yaml", "operator/staging/kustomization.yaml"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(data_dir("fleet-repo") / name, root / name)
    return root


def test_what_only_the_other_route_needs_is_not_missed(tmp_path: Path) -> None:
    assert load_fleet(write_fleet(tmp_path), STAGING).entry(Environment.STAGING) == "clusters/staging"
    with pytest.raises(InputError, match="the fleet has no folder operator/staging"):
        load_fleet(tmp_path, STAGING, Route.OPERATOR)


def test_a_fleet_that_says_nothing_of_the_operator_is_refused(tmp_path: Path) -> None:
    (write_fleet(tmp_path) / "conformance.yaml").write_text(
        "apiVersion: conformance.fluxtenancy.dev/v1alpha1\nkind: FleetProfile\nenvironments:\n  staging:\n"
        "    cluster: clusters/staging\n    policies: policies/staging\n    tenants: tenants/staging\n"
    )
    load_fleet(tmp_path, STAGING)
    with pytest.raises(InputError) as refused:
        load_fleet(tmp_path, STAGING, Route.OPERATOR)
    assert "conformance.yaml:4: environments.staging.operator: is missing" in refused.value.what
    assert "--flux-bootstrap cli" in refused.value.hint


def test_probes_come_in_by_the_operators_own_sync(tmp_path: Path) -> None:
    fleet = load_fleet(write_operator(write_fleet(tmp_path / "fleet")), STAGING, Route.OPERATOR)
    added = render(fleet, [Probe(name="a")], tmp_path / "out").added
    folder = "operator/staging"
    assert added == [
        "conformance-probes/staging/a.yaml",
        f"{folder}/conformance-probes.yaml",
        f"{folder}/kustomization.yaml",
    ]
    assert "conformance-probes.yaml" in (tmp_path / "out" / folder / "kustomization.yaml").read_text()
    (sync,) = load_objects(tmp_path / "out" / folder / "conformance-probes.yaml")
    assert sync["spec"]["path"] == "./conformance-probes/staging"
