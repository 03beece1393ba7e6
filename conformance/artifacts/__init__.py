"""Charts and OCI artifacts: the registry, what helm and flux publish, and what helm pulls from elsewhere."""

from conformance.artifacts.publish import CHART_VERSIONS, package_charts, push_charts, push_manifests
from conformance.artifacts.pulled import Chart, pull_chart
from conformance.artifacts.registry import Pull, Registry
from conformance.artifacts.signed import sign
from conformance.artifacts.upload import push_links

__all__ = [
    "CHART_VERSIONS",
    "Chart",
    "Pull",
    "Registry",
    "package_charts",
    "pull_chart",
    "push_charts",
    "push_links",
    "push_manifests",
    "sign",
]
