"""The tenant's repository: checked, and given to other tenants under their names."""

from pathlib import Path

import pytest
import yaml

from conformance.errors import InputError
from conformance.model import Environment
from conformance.repos.mapping import AddressMap
from conformance.repos.tenant_repo import load_tenant_repo, render_tenant
from conformance.settings import data_dir

LOCAL = AddressMap({"https://charts.example.com/": "http://127.0.0.1:2/"})


def test_the_reference_repository_loads() -> None:
    load_tenant_repo(data_dir("tenant-repo"), list(Environment))


def test_a_missing_environment_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder staging"):
        load_tenant_repo(tmp_path)


def test_yaml_that_does_not_parse_has_its_line(tmp_path: Path) -> None:
    (tmp_path / "staging").mkdir()
    (tmp_path / "staging/a.yaml").write_text("a: b\nc: ]\n")
    with pytest.raises(InputError, match=r"staging/a\.yaml:2: not valid YAML"):
        load_tenant_repo(tmp_path)


def test_addresses_are_mapped_and_comments_kept(tmp_path: Path) -> None:
    render_tenant(data_dir("tenant-repo"), LOCAL, tmp_path / "out")
    text = (tmp_path / "out/base/repository.yaml").read_text()
    assert "url: http://127.0.0.1:2/example/" in text
    assert "# Must begin" in text


def test_another_tenant_gets_its_own_names(tmp_path: Path) -> None:
    render_tenant(data_dir("tenant-repo"), LOCAL, tmp_path / "out", {"apps": "ops"})
    kustomization = yaml.safe_load((tmp_path / "out/staging/kustomization.yaml").read_text())
    assert kustomization["namespace"] == "ops"
    assert kustomization["resources"] == ["../base"]
