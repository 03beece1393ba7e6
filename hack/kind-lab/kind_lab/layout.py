"""Where the lab keeps its things."""

from dataclasses import dataclass
from pathlib import Path

from conformance import settings
from conformance.process import RUN_ID_VARIABLE

SOURCE = Path(__file__).resolve().parent.parent
"""hack/kind-lab."""
RUN = Path("/run/flux-tenancy-kind-lab")
"""Of the one engine on this machine; short, since the path of a socket may have 107 characters."""
LOCK = RUN / "lock"
"""Held by whoever changes the lab: one on a machine, whatever its cache. It stays when the lab is down, so that all who
wait for it wait for the same file."""
GIB = 1024**3
RUN_ID = "kind-lab"
"""Marks what the lab starts besides the engine, so that the next start ends what a killed one left running."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders of the lab: what is kept lies in the project's cache, what lives with the engine in /run."""

    cache: Path

    @property
    def root(self) -> Path:
        """Everything that is kept."""
        return self.cache / "kind-lab"

    @property
    def engine(self) -> Path:
        """The engine's own storage: images, containers, volumes."""
        return self.root / "engine"

    @property
    def log(self) -> Path:
        """What the engine says."""
        return self.root / "dockerd.log"

    @property
    def socket(self) -> Path:
        """Where the engine listens."""
        return RUN / "docker.sock"

    @property
    def docker_host(self) -> str:
        """The value of DOCKER_HOST."""
        return f"unix://{self.socket}"

    def temporary(self) -> Path:
        """Return an empty folder for work in progress, on the same disk."""
        folder = self.root / "tmp"
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def child_environment() -> dict[str, str]:
    """Return the environment of what the lab starts."""
    return {**settings.environment(), RUN_ID_VARIABLE: RUN_ID}


def layout() -> Layout:
    """Return the lab of this user."""
    return Layout(settings.cache_dir())
