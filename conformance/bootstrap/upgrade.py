"""What an upgrade of a running platform is: another Flux release is asked for, and after a while it runs."""

from typing import Protocol


class Upgrade(Protocol):
    """Takes a platform to another Flux release as a platform team would; one object for each change."""

    @property
    def route(self) -> str:
        """The way of bootstrap that this is the upgrade of, with what is changed: for the report."""

    def begin(self) -> None:
        """Ask for the release; return as soon as that is said.

        Raises:
            Breakdown: it cannot be asked for; nothing was changed.
        """

    def wait(self) -> None:
        """Return when the platform runs the release, and is as ready as it was.

        Raises:
            BootstrapError: it does not in time; says what is missing.
        """
