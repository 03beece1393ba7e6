"""pytest-kind's KindCluster, in a process of its own; the only importer of pytest_kind (docs/adr/0002, 0019).

KindCluster starts `kind` without a deadline, in this process's environment, and leaves a folder where it runs. As a
child of `process.run` it gets a deadline, an environment and a folder of the run, and it ends with all that it started:

    python -m conformance.providers.kind_cluster create|load NAME --kind … --kubectl … --kubeconfig …
"""

import argparse
import importlib.util
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.errors import InputError
from conformance.process import Completed, run

EXTRA = "pip install 'flux-tenancy-conformance[kind]'"
_FAILED = "could not be loaded: "
"""Begins a line of the child's output, before an image's name."""
_WHY = ("ERROR", "Command Output")
"""Begin the lines in which kind says what failed, and what the failed command said."""


def require_pytest_kind() -> None:
    """Check that the extra is installed, without importing it.

    Raises:
        InputError: it is not.
    """
    if importlib.util.find_spec("pytest_kind") is None:
        raise InputError("--flux-provider kind needs the package pytest-kind, which is not installed", hint=EXTRA)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterCommands:
    """What is done to one cluster, each as a child process with a deadline."""

    name: str
    kind: Path
    kubectl: Path
    kubeconfig: Path
    folder: Path
    """Private: KindCluster leaves a folder in it."""
    env: Mapping[str, str]

    def create(self, image: str, config: Path, *, timeout_s: float) -> None:
        """Create the cluster; its node stays when that fails, to be looked at.

        Raises:
            ProcessError: kind failed, or ran into the deadline.
        """
        self._run("create", "--image", image, "--config", str(config), timeout_s=timeout_s)

    def load(
        self, images: Sequence[str], *, timeout_s: float, stop: threading.Event | None = None
    ) -> Mapping[str, str]:
        """Copy images of the engine into the node, one after another, until `stop` is set.

        Returns:
            Those that could not be copied, each with what kind said of its failures.

        Raises:
            ProcessError: it ran into the deadline, or was stopped.
        """
        words = [word for image in images for word in ("--image", image)]
        done = self._run("load", *words, timeout_s=timeout_s, stop=stop)
        failed = [line.removeprefix(_FAILED) for line in done.stdout.splitlines() if line.startswith(_FAILED)]
        said = "; ".join(dict.fromkeys(line for line in done.stderr.splitlines() if line.startswith(_WHY)))
        return dict.fromkeys(failed, said or "kind does not say why")

    def _run(self, verb: str, *words: str, timeout_s: float, stop: threading.Event | None = None) -> Completed:
        argv: list[str | Path] = [sys.executable, "-m", __name__, verb, self.name, "--kind", self.kind]
        argv += ["--kubectl", self.kubectl, "--kubeconfig", self.kubeconfig, *words]
        return run(argv, timeout_s=timeout_s, env=self.env, cwd=self.folder, stop=stop)


def retaining(kind: Path, folder: Path) -> Path:
    """Return a `kind` that keeps the node of a cluster that failed to come up, for `kind export logs`."""
    path = folder / "kind-retain"
    path.write_text(
        f'#!/bin/sh\ncase "$1 $2" in "create cluster") set -- "$@" --retain ;; esac\nexec \'{kind}\' "$@"\n'
    )
    path.chmod(0o700)
    return path


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=("create", "load"))
    parser.add_argument("name")
    for option in ("--kind", "--kubectl", "--kubeconfig", "--config"):
        parser.add_argument(option, type=Path)
    parser.add_argument("--image", action="append")
    asked = parser.parse_args()
    sys.tracebacklimit = 0  # what kind said stands above the exception, and is the news

    from pytest_kind.cluster import KindCluster  # noqa: PLC0415 - an extra, under another licence than this project's

    creating = asked.verb == "create"
    kind = retaining(asked.kind, Path.cwd()) if creating else asked.kind
    image = asked.image[0] if creating else None
    cluster = KindCluster(asked.name, asked.kubeconfig, image=image, kind_path=kind, kubectl_path=asked.kubectl)
    if creating:
        cluster.create(asked.config)
    else:
        for one in asked.image:
            try:
                cluster.load_docker_image(one)
            except Exception:  # noqa: BLE001 - whatever it is: the node may pull this one, and the others go on
                sys.stdout.write(f"{_FAILED}{one}\n")


if __name__ == "__main__":
    _main()
