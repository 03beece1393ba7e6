"""Charts and OCI artifacts: the registry, and what helm and flux publish."""

from conformance.artifacts.publish import CHART_VERSIONS, package_charts, push_charts, push_manifests
from conformance.artifacts.registry import Pull, Registry
from conformance.artifacts.signed import sign
from conformance.artifacts.upload import push_links

__all__ = [
    "CHART_VERSIONS",
    "Pull",
    "Registry",
    "package_charts",
    "push_charts",
    "push_links",
    "push_manifests",
    "sign",
]
