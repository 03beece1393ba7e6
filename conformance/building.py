"""What a check may do with a repository before a cluster sees it: build, migrate, ask the API server.

By the tools with which a platform team would do it: kubectl and flux.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from conformance.bootstrap.platform import Platform
from conformance.errors import ProcessError
from conformance.evidence import EvidenceFolder
from conformance.process import run
from conformance.repos.yaml_files import yaml_files
from conformance.settings import environment

_TIMEOUT_S = 60.0
_REFUSED = re.compile(
    r"^Error from server \((?:BadRequest|Invalid|Forbidden|NotFound|MethodNotAllowed|RequestEntityTooLarge)\): "
    r"|^Error from server: (?:error when .*: )?failed to create typed patch object "
    r'|^The [^ ]+ ".*" is invalid'
    r"|resource mapping not found for name: "
    r"|^error: (?:error )?(?:parsing|unable to decode|when decoding) ",
    re.MULTILINE,
)
"""How kubectl says that manifests are refused (k8s.io/kubectl/pkg/cmd/util/helpers.go, StandardErrorMessage and
checkErr). Whatever else it ends with, such as a server that is silent or that broke, judges no manifest."""


class Building:
    """The part of a scenario that validates manifests."""

    platform: Platform
    evidence: EvidenceFolder

    def build(self, folder: Path) -> str:
        """Return what a folder builds to: by its kustomization.yaml, else all of its files as they are.

        Raises:
            ProcessError: kustomize refuses it.
        """
        if not (folder / "kustomization.yaml").is_file():
            return "\n---\n".join(path.read_text() for path in sorted(folder.glob("*.yaml")))
        words = ["kustomize", "--load-restrictor=LoadRestrictionsNone", str(folder)]
        return run([self.platform.binary("kubectl"), *words], timeout_s=_TIMEOUT_S, env=self._environment()).stdout

    def dry_run(self, manifests: str) -> str:
        """Let the API server judge manifests strictly, without keeping them; return what it refuses, else nothing.

        Raises:
            ProcessError: kubectl did not end, or failed without a word of the API server on the manifests.
        """
        strict = ["--server-side", "--dry-run=server", "--validate=strict", "--force-conflicts"]
        kubeconfig = f"--kubeconfig={self.platform.cluster.kubeconfig}"
        argv: list[str | Path] = [self.platform.binary("kubectl"), "apply", kubeconfig, *strict, "--filename=-"]
        try:
            said = run(argv, timeout_s=_TIMEOUT_S, env=self._environment(), stdin=manifests).stdout
        except ProcessError as error:
            if error.code != 1 or not _REFUSED.search(error.said):
                raise
            return str(error)
        self.evidence.record("dry-run", "kubectl apply", said)
        return ""

    def migrate(self, folder: Path) -> Sequence[str]:
        """Run `flux migrate` on a checkout; return the files that it changed: those with an old API version."""
        before = {path: path.read_text() for path in yaml_files(folder)}
        run(
            [self.platform.binary("flux"), "migrate", "--path=.", "--yes"],
            timeout_s=_TIMEOUT_S,
            env=self._environment(),
            cwd=folder,
        )
        return [str(path.relative_to(folder)) for path, text in before.items() if path.read_text() != text]

    def _environment(self) -> dict[str, str]:
        """A folder in place of the user's home: kubectl keeps a cache there."""
        home = self.platform.folder / "tools"
        home.mkdir(parents=True, exist_ok=True)
        return {"PATH": environment()["PATH"], "HOME": str(home)}
