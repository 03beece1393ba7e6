import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from conformance import settings
from conformance.errors import InputError, ToolchainError
from conformance.toolchain import known_releases
from conformance.toolchain.recipes import Edit, Patch, go_line, load, version_tuple
from conformance.toolchain.sources import apply_patch, kept_data

DATA = settings.data_dir("toolchain")
RUN_TOOLS = {
    "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok", "kwokctl", "flux",
    "registry", "helm", "sops", "cyclonus", "source-controller", "kustomize-controller", "helm-controller",
    "notification-controller", "image-reflector-controller", "image-automation-controller",
}  # fmt: skip


def test_an_unknown_flux_version_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError) as refused:
        load("2.9.99", DATA)
    assert "2.9.99" in str(refused.value)
    assert all(release in str(refused.value) for release in known_releases(DATA))


@pytest.mark.parametrize("release", known_releases(DATA))
def test_every_release_loads_and_its_parts_are_what_go_mod_pins(release: str) -> None:
    recipes = load(release, DATA)  # raises where go.mod and flux-releases.yaml differ
    parts = yaml.safe_load((DATA / "flux-releases.yaml").read_text())["releases"][release]["parts"]
    assert set(parts) <= {build.name for build in recipes.builds}
    assert all((build.folder / "go.sum").stat().st_size for build in recipes.builds)


def test_the_default_release_has_every_tool_that_a_run_needs_and_no_substitution() -> None:
    recipes = load("2.9.2", DATA)
    assert set(recipes.tools) == RUN_TOOLS
    assert not any(build.substitutions for build in recipes.builds)


def test_what_is_needed_first_is_built_first() -> None:
    names = [build.name for build in load("2.9.2", DATA).builds]
    assert names[:5] == ["etcd", "kubernetes", "kwok", "flux", "registry"]
    assert names.index("source-controller") < names.index("kustomize-controller") < names.index("helm-controller")


def test_a_variant_is_built_right_after_its_base_and_only_when_asked_for() -> None:
    recipes = load("2.9.2", DATA)
    order = recipes.in_order(variants=True)
    assert order[order.index("kustomize-controller") + 1] == "kustomize-controller+unguarded"
    assert recipes.in_order(variants=False) == recipes.tools


def test_a_further_set_is_built_only_when_asked_for_and_never_changes_the_go_of_a_certification() -> None:
    recipes = load("2.9.2", DATA)
    lab = recipes.tools_of_set("lab")
    assert {"kubelet", "containerd", "coredns", "kube-router", "agnhost"} <= set(lab)
    assert not set(lab) & set(recipes.in_order(variants=True))
    containerd = recipes.build_of("containerd")
    assert version_tuple(go_line(recipes.go_folder(containerd))) > version_tuple(recipes.minimum_go)
    with pytest.raises(InputError, match="unknown set of tools 'labs'"):
        recipes.tools_of_set("labs")


def test_the_nodes_are_of_the_release_of_the_control_plane() -> None:
    recipes = load("2.9.2", DATA)
    assert recipes.build_of("kubelet").version == recipes.build_of("kube-apiserver").version


def test_kubernetes_is_stamped_with_its_version() -> None:
    flags = load("2.9.2", DATA).build_of("kube-apiserver").ldflags
    assert "version.gitVersion=v1.36.3" in flags
    assert "version.gitMajor=1 " in flags
    assert "version.gitMinor=36 " in flags


def test_an_unknown_tool_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ToolchainError, match="no tool 'notification-controller'"):
        load("2.9.5", DATA).build_of("notification-controller")


def test_a_go_mod_that_differs_from_the_release_is_refused(tmp_path: Path) -> None:
    (tmp_path / "flux-1.0.0" / "part").mkdir(parents=True)
    (tmp_path / "flux-1.0.0" / "part" / "go.mod").write_text("go 1.26.0\n\nrequire example.test/part v1.0.1\n")
    entry = {"name": "part", "per_release": True, "module": "example.test/part", "tools": {"part": "x"}, "disk_gib": 1}
    (tmp_path / "tools.yaml").write_text(yaml.safe_dump({"builds": [entry]}))
    release = {"parts": {"part": "v1.0.0"}, "substitutions": []}
    (tmp_path / "flux-releases.yaml").write_text(yaml.safe_dump({"releases": {"1.0.0": release}}))
    (tmp_path / "variants.yaml").write_text("variants: {}")
    with pytest.raises(ToolchainError, match=r"pins part v1\.0\.1, flux-releases\.yaml v1\.0\.0"):
        load("1.0.0", tmp_path)


def test_the_key_of_a_binary_changes_with_everything_that_decides_about_it() -> None:
    old, new = load("2.9.2", DATA), load("2.9.5", DATA)
    plain = old.build_of("kustomize-controller").key_inputs("kustomize-controller")
    assert plain == load("2.9.2", DATA).build_of("kustomize-controller").key_inputs("kustomize-controller")
    newer = new.build_of("kustomize-controller").key_inputs("kustomize-controller")
    assert {name for name in plain if plain[name] != newer[name]} == {"version", "go.mod", "go.sum"}
    mutated = old.build_of("kustomize-controller+unguarded").key_inputs("kustomize-controller+unguarded")
    assert mutated["patches"]
    assert not plain["patches"]


def test_a_variant_is_marked_and_has_every_fault_described() -> None:
    recipes = load("2.9.2", DATA)
    described = yaml.safe_load((DATA / "variants.yaml").read_text())["variants"]
    for name in recipes.variant_tools:
        build = recipes.build_of(name)
        assert build.version.endswith("+unguarded")
        edited = {fault for p in build.patches for e in p.edits for fault in e.fault.split(", ")}
        assert edited == set(described[name]["faults"])


def test_no_index_host_and_no_machine_path_in_the_data() -> None:
    hosts = re.compile(r"https?://|GOPROXY|GOSUMDB|=> /|/home/|/tmp/")
    for path in DATA.rglob("*"):
        assert path.is_dir() or not hosts.search(path.read_text()), path


@pytest.mark.parametrize(("count", "fits"), [(1, False), (2, True), (3, False)])
def test_an_edit_must_fit_exactly_as_often_as_stated(tmp_path: Path, count: int, fits: bool) -> None:
    (tmp_path / "guard.go").write_text("if ok {\n}\nif ok {\n}\n")
    edit = Edit(file="guard.go", find="if ok {", replace="if true {", fault="open", count=count)
    patch = Patch(module="example.test/m", add={"fault.go": "package m\n"}, edits=[edit])
    if not fits:
        with pytest.raises(ToolchainError, match=r"fault 'open' does not fit .* has its text 2 times"):
            apply_patch(patch, tmp_path)
        return
    apply_patch(patch, tmp_path)
    assert (tmp_path / "guard.go").read_text() == "if true {\n}\nif true {\n}\n"
    assert (tmp_path / "fault.go").exists()


@pytest.mark.parametrize(("low", "high"), [("1.26.8", "go1.27"), ("1.9", "1.10"), ("go1.26.0", "1.26.8")])
def test_versions_compare_by_number(low: str, high: str) -> None:
    assert version_tuple(low) < version_tuple(high)


def test_the_operator_is_a_set_of_its_own_with_its_data_and_its_substitution() -> None:
    recipes = load("2.9.2", DATA)
    build = recipes.build_of("flux-operator")
    assert recipes.tools_of_set("operator") == ("flux-operator",)
    assert "config/data" in build.keep
    assert dict(build.environment) == {"GOFIPS140": "latest"}
    assert [s.module for s in build.substitutions] == ["github.com/google/go-containerregistry/pkg/authn/kubernetes"]
    replaced = f"{build.substitutions[0].module} => {build.substitutions[0].module} {build.substitutions[0].used}"
    assert replaced in (build.folder / "go.mod").read_text()
    assert {"environment", "additions", "keep"} <= set(build.key_inputs("flux-operator"))
    assert not {"environment", "additions", "keep"} & set(recipes.build_of("etcd").key_inputs("etcd"))


def test_what_needs_a_newer_go_than_a_certification_is_known() -> None:
    recipes = load("2.9.2", DATA)
    assert recipes.asks_for_newer_go(recipes.build_of("flux-operator"))
    assert not recipes.asks_for_newer_go(recipes.build_of("kube-apiserver"))


def test_what_is_kept_must_be_there(tmp_path: Path) -> None:
    build = replace(load("2.9.2", DATA).build_of("flux-operator"), keep=("config/data", "config/none"))
    (tmp_path / "patched-0" / "config" / "data").mkdir(parents=True)
    with pytest.raises(ToolchainError, match=r"flux-operator v0\.59\.0 has no folder config/none"):
        kept_data(build, tmp_path)
    assert (tmp_path / "data" / "config" / "data").is_dir()
    assert kept_data(load("2.9.2", DATA).build_of("etcd"), tmp_path) is None
