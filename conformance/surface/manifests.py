"""The manifests of a release, read into what they define. Pure: text in, records out."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from conformance.errors import ToolchainError
from conformance.kube.objects import main_container
from conformance.model import Manifest
from conformance.surface.crds import Leaf, leaves
from conformance.surface.flags import Controller

LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


@dataclass(frozen=True, slots=True)
class Installed:
    """One object that a release installs, and the file that it stands in."""

    manifest: Manifest
    file: str

    @property
    def kind(self) -> str:
        """Its kind."""
        return str(self.manifest["kind"])

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.manifest["metadata"]["name"])


@dataclass(frozen=True, slots=True)
class Contents:
    """All that a release installs."""

    objects: Sequence[Installed]
    leaves: Sequence[Leaf] = field(default=())
    controllers: Sequence[Controller] = field(default=())

    def of_kind(self, *kinds: str) -> list[Installed]:
        """Return the objects of these kinds."""
        return [one for one in self.objects if one.kind in kinds]


def contents(manifests: Mapping[str, str]) -> Contents:
    """Read the manifests of a release: name of the file -> text.

    Raises:
        ToolchainError: they have a form that this suite does not know, so that nothing can be counted.
    """
    try:
        objects = [Installed(one, file) for file, text in manifests.items() for one in _documents(text)]
        found = [leaf for one in objects if one.kind == "CustomResourceDefinition" for leaf in _leaves(one)]
        controllers = [_controller(one) for one in objects if one.kind == "Deployment"]
    except (yaml.YAMLError, KeyError, TypeError, IndexError) as error:
        raise ToolchainError(
            f"the manifests of the release have an unknown form: {error!r}",
            hint="are they those of a Flux release? see conformance/surface/manifests.py",
        ) from error
    refuse_twice([leaf.id for leaf in found])
    refuse_twice([f"Deployment {one.name}" for one in controllers])
    return Contents(objects, sorted(found, key=lambda leaf: leaf.id), controllers)


def _documents(text: str) -> Iterator[Manifest]:
    for one in yaml.load_all(text, Loader=LOADER):
        if one:
            yield from one["items"] if one["kind"] == "List" else [one]


def _leaves(one: Installed) -> Iterator[Leaf]:
    return leaves(one.manifest, one.file)


def _controller(one: Installed) -> Controller:
    """Return a Deployment as what it runs: its only container, or the one that is called `manager`, as in Flux."""
    pod: Mapping[str, Any] = one.manifest["spec"]["template"]["spec"]
    containers: Sequence[Manifest] = pod["containers"]
    main = main_container(one.manifest)
    if len(containers) != 1 and main.get("name") != "manager":
        raise ToolchainError(
            f"Deployment {one.name} has {len(containers)} containers, and none is called manager",
            hint="which of them is the controller is not known: its flags and version would be guessed",
        )
    version = main["image"].rpartition(":")[2]
    command = (word for word in (main.get("command") or ())[1:] if word.startswith("-") and word != "--")
    others = [found for found in (*(pod.get("initContainers") or ()), *containers) if found is not main]
    return Controller(
        name=one.name,
        version=version,
        arguments=(*command, *(main.get("args") or ())),
        manifest=one.file,
        beside=tuple(f"{found.get('name')} ({str(found.get('image')).partition('@')[0]})" for found in others),
    )


def refuse_twice(ids: Sequence[str]) -> None:
    """Refuse two things of one name: one of them would hide the other, and be judged by nobody.

    Raises:
        ToolchainError: a name stands for two.
    """
    twice = sorted(name for name, times in Counter(ids).items() if times > 1)
    if twice:
        raise ToolchainError(
            f"the manifests of the release define twice: {twice[0]}",
            hint="are the files of two releases mixed? else the ids of the surface must say what tells both apart",
        )
