"""What the API server says that it serves: versions of groups, and kinds. Pure."""

from collections.abc import Iterable, Iterator

from conformance.model import Manifest


def versions(groups: Iterable[Manifest]) -> Iterator[tuple[str, str, str]]:
    """Yield group, API version and path of discovery of each version, the preferred one of a group first.

    `groups` are those of `/apis`; the core group is added. A preferred version need not have every kind of its group:
    that of Flux's notifications has Receivers, and no Alerts.
    """
    yield "", "v1", "/api/v1"
    for group in groups:
        served = [group["preferredVersion"], *group["versions"]]
        for version in dict.fromkeys(one["groupVersion"] for one in served):
            yield group["name"], version, f"/apis/{version}"


def listed_kinds(discovery: Manifest) -> list[str]:
    """Return the kinds of a discovery document, of one group and version, that can be listed."""
    entries = discovery["resources"]
    return [str(entry["kind"]) for entry in entries if "list" in entry["verbs"] and "/" not in entry["name"]]
