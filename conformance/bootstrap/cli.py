"""Bootstrap by the Flux CLI: `flux bootstrap git` itself, against the pushed fleet repository."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.errors import BootstrapError, ProcessError
from conformance.process import RUN_ID_VARIABLE, Completed, run
from conformance.settings import environment

EXTRA_COMPONENTS = ("image-reflector-controller", "image-automation-controller")
"""Not in the CLI's default set; the fleet's policies and lockdown speak of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxCli:
    """Implements `Bootstrap` with the flux binary of the subject's release."""

    flux: Path
    url: str
    """Of the pushed fleet."""
    path: str
    """The cluster's folder in it."""
    home: Path
    """A folder in place of the user's home: nothing of the user's configuration is read."""
    timeout_s: float
    run_id: str
    """Marks the process, so that it ends with the run even when the suite is killed."""

    @property
    def name(self) -> str:
        """What the phase is called."""
        return "flux bootstrap git"

    @property
    def note(self) -> str:
        """Nothing: the report names the release, which is all that there is to choose."""
        return ""

    def progress(self) -> str:
        """Say nothing: flux reports at its end."""
        return ""

    def install(self, *, kubeconfig: Path, username: str, password: str) -> Completed:
        """Run `flux bootstrap git`; returns when Flux reports itself and its sync healthy.

        Raises:
            BootstrapError: with the last lines that flux said.
        """
        argv = self._argv(kubeconfig, username)
        temporary = self.home / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        # The password travels by environment, out of sight of `ps` (flux: cmd/flux/bootstrap_git.go).
        env = {
            "PATH": environment()["PATH"],
            "HOME": str(self.home),
            "TMPDIR": str(temporary),  # a flux that is killed leaves its clone there
            "GIT_PASSWORD": password,
            RUN_ID_VARIABLE: self.run_id,
        }
        try:
            return run(argv, timeout_s=self.timeout_s, env=env, cwd=self.home)
        except ProcessError as error:
            raise BootstrapError(
                f"flux bootstrap git failed: {error}",
                hint="the report's logs folder holds what the controllers, the servers and the control plane wrote",
            ) from error

    def _argv(self, kubeconfig: Path, username: str) -> Sequence[str | Path]:
        insecure = ["--allow-insecure-http"] if self.url.startswith("http://") else []
        return [
            self.flux,
            "bootstrap",
            "git",
            f"--kubeconfig={kubeconfig}",
            f"--url={self.url}",
            "--branch=main",
            f"--path={self.path}",
            f"--username={username}",
            "--token-auth",
            *insecure,
            f"--components-extra={','.join(EXTRA_COMPONENTS)}",
            "--author-name=platform",
            "--author-email=platform@example.com",
            "--silent",
            f"--timeout={self.timeout_s:.0f}s",
        ]
