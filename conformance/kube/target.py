"""What the path of a request to the API server addresses."""

from dataclasses import dataclass

_NAMESPACES = "namespaces"
_OF_NAMESPACES = frozenset({"finalize", "status"})
"""Subresources of a Namespace, which stand where a namespace's resources do."""
_INTO = frozenset({"exec", "attach", "portforward", "proxy", "log"})
"""Subresources that lead into a Pod or behind a Service, which a GET reaches too."""


@dataclass(frozen=True, slots=True)
class Target:
    """An object, a collection or a subresource; what a path does not name is empty."""

    group: str
    resource: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def leads_on(self) -> bool:
        """Whether it is more than an object: a process, a log, a server behind the API server."""
        return self.subresource in _INTO or self.resource == "proxy"


def target_of(path: str) -> Target:
    """Return what a path such as `/apis/apps/v1/namespaces/a/deployments/b/scale` addresses.

    Discovery, such as `/apis` or `/version`, addresses no resource.
    """
    _, api, *rest = path.split("/")
    group, parts = ("", rest[1:]) if api == "api" else ("".join(rest[:1]), rest[2:])
    namespace = ""
    if parts[:1] == [_NAMESPACES] and len(parts) > len(("namespaces", "a")) and parts[2] not in _OF_NAMESPACES:
        namespace, parts = parts[1], parts[2:]
    resource, name, subresource = [*parts[:3], "", "", ""][:3]
    return Target(group, resource, namespace, name, subresource)
