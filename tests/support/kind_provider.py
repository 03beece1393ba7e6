"""A Kind provider whose engine is a `docker` that says what it is told."""

from pathlib import Path
from typing import Any

from conformance.providers.kind import KindProvider
from conformance.providers.kind_plan import KindPlan, NodeImage
from conformance.runs import RunFolder
from conformance.settings import Timeouts
from support.fake_docker import FakeDocker


def provider(docker: FakeDocker, folder: Path, **plan: Any) -> KindProvider:
    run = RunFolder("20261121T000000Z-abc", folder / "run")
    image = NodeImage(reference="kindest/node:v1.36.3", held=True)
    return KindProvider(
        folder=run,
        name="staging",
        plan=KindPlan(engine=docker.engine, facts=docker.engine.facts(), image=image, **plan),
        components={},
        binary=lambda name: folder / name,
        logs=folder / "logs",
        timeouts=Timeouts(),
        say=lambda _: None,
    )
