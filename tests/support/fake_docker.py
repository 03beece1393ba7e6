"""A `docker` on PATH that answers from a table, and writes down what it was asked."""

import json
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from conformance.providers.engine import Engine

GIB = 2**30
INFO = {
    "ID": "engine-1",
    "ServerVersion": "20.10.24",
    "KernelVersion": "6.1.0",
    "MemTotal": 8 * GIB,
    "NCPU": 2,
    "CgroupVersion": "2",
    "Name": "elsewhere",
    "OperatingSystem": "Debian GNU/Linux 12 (bookworm)",
    "SecurityOptions": ["name=seccomp,profile=default", "name=cgroupns"],
}
SCRIPT = """\
#!{python}
import json, pathlib, sys
folder = pathlib.Path({folder!r})
asked = " ".join(sys.argv[1:])
with (folder / "asked").open("a") as file:
    file.write(asked + chr(10))
for start, (code, said, error) in json.loads((folder / "answers").read_text()):
    if asked.startswith(start):
        sys.stdout.write(said)
        sys.stderr.write(error)
        sys.exit(code)
sys.stderr.write("the fake knows no answer: " + asked)
sys.exit(1)
"""


@dataclass
class FakeDocker:
    """The first answer whose question the command line begins with counts."""

    folder: Path

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        script = self.folder / "docker"
        script.write_text(SCRIPT.format(python=sys.executable, folder=str(self.folder)))
        script.chmod(0o755)
        self.answers: list[tuple[str, tuple[int, str, str]]] = []
        self.says("info", json.dumps(INFO))

    def says(self, question: str, said: str = "", *, code: int = 0, error: str = "") -> None:
        self.answers.insert(0, (question, (code, said, error)))
        (self.folder / "answers").write_text(json.dumps(self.answers))

    def holds(self, *images: str) -> None:
        """Answer for images of the engine: `name:tag` was made here, `name:tag@digest` was pulled."""
        self.says("image inspect", code=1, error="Error: No such image: it")
        self.says("image ls", "".join(f"{image.partition('@')[0].rpartition(':')[2]}\n" for image in images))
        for image in images:
            tag, _, digest = image.partition("@")
            for name in {image, tag}:
                self.says(f"image inspect --format {{{{.Id}}}} {name}", f"sha256:id-of-{tag}\n")
                self.says(
                    f"image inspect --format {{{{json .RepoDigests}}}} {name}", json.dumps([digest] if digest else [])
                )

    def network(self, name: str, labels: dict[str, str]) -> None:
        """Answer for one network, the only one that there is."""
        self.says("network ls", f"{name}\n")
        self.says(f"network inspect --format {{{{json .Labels}}}} {name}", json.dumps(labels))

    @property
    def asked(self) -> list[str]:
        path = self.folder / "asked"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def engine(self) -> Engine:
        return Engine(self.folder / "docker")


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDocker:
    monkeypatch.setattr(platform, "release", lambda: INFO["KernelVersion"])  # its engine is on this machine
    return FakeDocker(tmp_path / "docker-bin")
