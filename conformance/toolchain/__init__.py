"""Find or build a pinned binary, keep it, and say where it came from.

For each tool: an explicit folder, then the cache, then a build from its Go module. Nothing else is downloaded.
"""

from conformance.toolchain.inventory import CachedTool, cache_key, cached_tools, clean, host_go, verify
from conformance.toolchain.recipes import data_of, known_releases
from conformance.toolchain.release_manifests import ReleaseData, release_data
from conformance.toolchain.releases import Release, pair_of, releases, upgrades_since
from conformance.toolchain.session import Toolchain
from conformance.toolchain.subjects import Subject, Subjects

__all__ = [
    "CachedTool",
    "Release",
    "ReleaseData",
    "Subject",
    "Subjects",
    "Toolchain",
    "cache_key",
    "cached_tools",
    "clean",
    "data_of",
    "host_go",
    "known_releases",
    "pair_of",
    "release_data",
    "releases",
    "upgrades_since",
    "verify",
]
