"""The bootstrap that was asked for, ready to install, and the upgrade of its route."""

from collections.abc import Callable
from pathlib import Path

from conformance.artifacts import Chart
from conformance.bootstrap.cli import FluxCli
from conformance.bootstrap.operator import FluxOperator
from conformance.bootstrap.operator_install import ByChart, ByManifests, Installer
from conformance.bootstrap.platform import Platform
from conformance.bootstrap.protocol import Bootstrap
from conformance.bootstrap.upgrade import Upgrade
from conformance.bootstrap.upgrade_cli import CliUpgrade
from conformance.bootstrap.upgrade_operator import OperatorUpgrade
from conformance.model import Environment, Route
from conformance.providers.arguments import OPERATOR
from conformance.providers.operator_data import install_manifests
from conformance.providers.protocol import Cluster
from conformance.repos import oci_sync
from conformance.repos.fleet import Fleet
from conformance.repos.flux_instance import SOURCE, find


def bootstrap_of(
    fleet: Fleet,
    environment: Environment,
    *,
    cluster: Cluster,
    binary: Callable[[str], Path],
    url: str,
    pushed: Path,
    home: Path,
    timeout_s: float,
    run_id: str,
    chart: Chart | None = None,
) -> Bootstrap:
    """Return the bootstrap of the fleet's route.

    Args:
        url: of the pushed fleet.
        pushed: the fleet as it was pushed, in a folder.
        home: a folder in place of the user's home; made if it is not there.
        chart: of the Flux Operator; None: it is installed from the manifests of its module.

    Raises:
        ToolchainError: what the Flux Operator is installed from is not there.
    """
    home.mkdir(parents=True, exist_ok=True)
    if fleet.route is Route.CLI:
        path = fleet.entry(environment)
        return FluxCli(flux=binary("flux"), url=url, path=path, home=home, timeout_s=timeout_s, run_id=run_id)
    host = cluster.host
    return FluxOperator(
        kubectl=binary("kubectl"),
        operator=_installer(binary, chart, home=home, timeout_s=timeout_s, run_id=run_id),
        instance=find(pushed, fleet.entry(environment), fleet.profile.flux_namespace, (SOURCE, oci_sync.KIND)),
        namespace=fleet.profile.flux_namespace,
        client=cluster.client,
        log=lambda: host.log(OPERATOR) if host else "",
        home=home,
        timeout_s=timeout_s,
        run_id=run_id,
    )


def _installer(
    binary: Callable[[str], Path], chart: Chart | None, *, home: Path, timeout_s: float, run_id: str
) -> Installer:
    if chart is not None:
        return ByChart(helm=binary("helm"), chart=chart, home=home, timeout_s=timeout_s, run_id=run_id)
    manifests = install_manifests(binary(OPERATOR))
    return ByManifests(kubectl=binary("kubectl"), manifests=manifests, home=home, timeout_s=timeout_s, run_id=run_id)


def upgrade_of(platform: Platform, release: str, flux: Callable[[str], Path]) -> Upgrade:
    """Return the change of a platform's route that takes it to a release.

    Args:
        flux: says where the CLI of a release is; asked on the route of the CLI only.
    """
    if platform.route is Route.CLI:
        return CliUpgrade(platform, release, flux(release))
    return OperatorUpgrade(platform, release)
