"""What a bootstrap is: it gets Flux onto a cluster, with a sync of the fleet."""

from pathlib import Path
from typing import Protocol


class Bootstrap(Protocol):
    """Installs Flux as a platform team would."""

    @property
    def name(self) -> str:
        """What the phase is called."""

    @property
    def note(self) -> str:
        """What the report must say of it; empty: nothing."""

    def install(self, *, kubeconfig: Path, username: str, password: str) -> object:
        """Install Flux and the sync of the fleet's folder; return when both are Ready.

        Args:
            username: with `password`, what the sync reads the fleet with.

        Raises:
            BootstrapError: says what is not, and where to look.
        """

    def progress(self) -> str:
        """Say what is being waited for; empty: nothing to say."""
