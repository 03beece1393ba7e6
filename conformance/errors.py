"""Everything that the suite can raise.

ConformanceError
├── Finding              the system under test lets something through: exit code 1
└── Breakdown            the suite could not judge: exit code 10, never a finding
    ├── InputError       what the user gave cannot work (exit code 4, nothing was changed)
    ├── ToolchainError   a binary is missing, broken or cannot be built
    ├── ProcessError     a child process failed or ran into its deadline (DeadlineError)
    ├── ProviderError    the cluster did not come up, or died
    ├── ServerError      the git server, the OCI registry or the Helm repository
    ├── BootstrapError   Flux did not come up, or a control cannot be read back
    ├── KubeError        the API server answered something that nobody expected
    │   └── MissingRightError   the credentials of an audit or a probe may not ask
    └── WaitTimeout      a precondition (not a finding) did not come true in time
"""

from pathlib import Path


class ConformanceError(Exception):
    """Base of all errors of the suite; its text is meant for the user."""


class Finding(ConformanceError, AssertionError):
    """An isolation property does not hold. The only error that means `non-conformant`.

    `what` is one sentence with object and deadline; `wanted` and `observed` are one line each.
    """

    def __init__(self, what: str, *, wanted: str = "", observed: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.wanted = wanted
        self.observed = observed

    def __str__(self) -> str:
        return f"{self.what}\n  wanted    {self.wanted}\n  observed  {self.observed}"


class Breakdown(ConformanceError):
    """The suite could not judge. `layer` names the part that broke, `hint` says what to do next."""

    layer = "engine"

    def __init__(self, what: str, *, hint: str = "", log: Path | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.log = log

    def __str__(self) -> str:
        lines = [self.what]
        if self.log is not None:
            lines.append(f"  log   {self.log}")
        if self.hint:
            lines.append(f"  next  {self.hint}")
        return "\n".join(lines)


class InputError(Breakdown):
    """Bad input: an option, a file, the environment. Raised before anything is changed."""

    layer = "input"


class ToolchainError(Breakdown):
    """A tool is missing, broken, or cannot be built."""

    layer = "toolchain"


class ProcessError(Breakdown):
    """A child process failed, or ran into its deadline."""

    layer = "process"

    def __init__(
        self, what: str, *, hint: str = "", log: Path | None = None, code: int | None = None, said: str = ""
    ) -> None:
        super().__init__(what, hint=hint, log=log)
        self.code = code
        """Exit code, negative after a signal; None: it was not started, or did not end by itself."""
        self.said = said
        """All of its standard error."""


class DeadlineError(ProcessError):
    """A child process was killed at its deadline: nobody heard what came of it."""


class ProviderError(Breakdown):
    """The cluster did not come up, or died under the run."""

    layer = "provider"


class ServerError(Breakdown):
    """The git server, the OCI registry or the Helm repository failed."""

    layer = "servers"


class BootstrapError(Breakdown):
    """Flux did not come up, or a control cannot be read back from the cluster."""

    layer = "bootstrap"


class KubeError(Breakdown):
    """The API server answered something that nobody expected."""

    layer = "kubernetes"


RIGHTS = "rights"
"""Layer of what was not judged for want of a right."""
AUDIT_ROLE = "fixtures/existing/audit.yaml is a ClusterRole with all that an audit reads"
PROBE_ROLE = "fixtures/existing/probe.yaml is a ClusterRole with all that a probe takes beside an audit"


class MissingRightError(KubeError):
    """The API server does not let these credentials do something; what depends on it was not judged.

    It is no answer with a status: whoever looks for a denial does not find one in it.
    """

    layer = RIGHTS

    def __init__(self, right: str, said: str) -> None:
        super().__init__(f"these credentials may not {right}", hint=f"grant it: {AUDIT_ROLE}; {PROBE_ROLE}")
        self.right = right
        """In words, such as `list pods in flux-system`."""
        self.wanted = f"the right to {right}"
        self.observed = said
        """The API server's words."""


class WaitTimeout(Breakdown):
    """A precondition did not come true in time; the text carries the last observation."""

    layer = "wait"
