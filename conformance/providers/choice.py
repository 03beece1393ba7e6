"""The provider that was asked for: what it needs is checked at the start, and one is made for each platform."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.providers import embedded, kind
from conformance.providers.engine import Engine
from conformance.providers.kind_plan import KindPlan, examine
from conformance.providers.protocol import Provider
from conformance.runs import RunFolder
from conformance.settings import Settings, Timeouts
from conformance.toolchain import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Providers:
    """Makes the providers of a run."""

    name: str
    timeouts: Timeouts
    plan: KindPlan | None
    """Of Kind clusters; None: embedded."""

    @property
    def tools(self) -> Sequence[str]:
        """The binaries that start a cluster."""
        return embedded.TOOLS if self.plan is None else kind.TOOLS

    @property
    def runs_controllers(self) -> bool:
        """Whether Flux's controllers are binaries of the toolchain; otherwise they are images."""
        return self.plan is None

    @property
    def sides(self) -> int:
        """Platforms of one environment that may live side by side, for mutants: a node fills its machine."""
        return 4 if self.name == "embedded" else 1

    def make(
        self,
        *,
        folder: RunFolder,
        name: str,
        components: Mapping[str, str],
        binary: Callable[[str], Path],
        subject: Callable[[str, str], Subject],
        logs: Path,
        say: Callable[[str], None],
    ) -> Provider:
        """Return the provider of one platform; `subject` says what runs for a controller and its image's tag."""
        if self.plan is None:
            return embedded.EmbeddedProvider(
                folder=folder, name=name, binary=binary, subject=subject, logs=logs, timeouts=self.timeouts
            )
        return kind.KindProvider(
            folder=folder,
            name=name,
            plan=self.plan,
            components=components,
            binary=binary,
            logs=logs,
            timeouts=self.timeouts,
            say=say,
        )


def choose(settings: Settings, say: Callable[[str], None]) -> Providers:
    """Check what the provider needs of this machine; nothing is changed, but see `kind_plan.examine`.

    Raises:
        InputError: it is not there.
        ProviderError: the engine does not remove what a killed run left.
    """
    plan = None
    if settings.provider == "kind":
        plan = examine(Engine.find(), settings.kubernetes_version, keep=settings.keep, reuse=settings.reuse, say=say)
    return Providers(name=settings.provider, timeouts=settings.timeouts, plan=plan)
