"""Which binary runs for a Pod's image when a run has two Flux releases, and what is said when neither fits."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.errors import ToolchainError
from conformance.toolchain import Subject, Subjects


class FakeToolchain:
    def __init__(self, name: str, versions: dict[str, str]) -> None:
        self.name = name
        self.versions = versions
        self.recipes = SimpleNamespace(build_of=self.build_of)

    def build_of(self, tool: str) -> Any:
        if tool not in self.versions:
            raise ToolchainError(f"no tool '{tool}'")
        return SimpleNamespace(version=self.versions[tool])

    def path(self, tool: str) -> Path:
        return Path(f"/{self.name}/{tool}")


OLD = FakeToolchain("old", {"kustomize-controller": "v1.9.3", "notification-controller": "v1.9.2"})
NEW = FakeToolchain("new", {"kustomize-controller": "v1.9.5"})


def subjects(*releases: Any) -> Subjects:
    return Subjects(releases)


@pytest.mark.parametrize(("tag", "folder"), [("v1.9.3", "old"), ("v1.9.5", "new")])
def test_the_tag_of_the_image_decides_which_release_runs(tag: str, folder: str) -> None:
    known = subjects(OLD, NEW)
    assert known.find("kustomize-controller", tag) == Subject(Path(f"/{folder}/kustomize-controller"), tag)
    assert known.stand_ins() == {}


def test_a_controller_that_the_new_release_lacks_runs_as_the_old_one_and_that_is_said() -> None:
    known = subjects(OLD, NEW)
    found = known.find("notification-controller", "v1.9.4")
    assert found == Subject(Path("/old/notification-controller"), "v1.9.2")
    assert known.stand_ins() == {("notification-controller", "v1.9.4"): "v1.9.2"}


def test_an_image_without_a_tag_is_a_stand_in_too() -> None:
    known = subjects(OLD)
    assert known.find("kustomize-controller", "").version == "v1.9.3"
    assert known.stand_ins() == {("kustomize-controller", ""): "v1.9.3"}


def test_a_controller_of_no_release_is_refused() -> None:
    with pytest.raises(ToolchainError, match="source-watcher"):
        subjects(OLD, NEW).find("source-watcher", "v2.1.0")
