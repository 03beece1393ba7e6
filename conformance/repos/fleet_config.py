"""`conformance.yaml`: the names in which one fleet differs from another; every complaint names file and line."""

import difflib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from conformance.errors import InputError
from conformance.model import Environment
from conformance.repos.yaml_files import LocatedDocument, load_located

FILE_NAME = "conformance.yaml"
MINIMUM_TENANTS = 2


def _relative(path: str) -> str:
    parts = path.removeprefix("./").rstrip("/").split("/")
    if path.startswith("/") or ".." in parts or "" in parts:
        raise ValueError('must be a folder inside of the fleet, without ".."')
    return "/".join(parts)


Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", max_length=253)]
Namespace = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length=63)]
Folder = Annotated[str, AfterValidator(_relative)]
WebAddress = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/@]+/$")]
SSHAddress = Annotated[str, StringConstraints(pattern=r"^ssh://[^\s/]+/$")]
OCIAddress = Annotated[str, StringConstraints(pattern=r"^oci://[^\s/@]+/$")]


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=False, extra="forbid", frozen=True)


class Allowlist(_Model):
    """The ConfigMap of permitted source prefixes."""

    namespace: Namespace = "flux-system"
    name: Name = "flux-tenant-sources-allowlist"
    key: str = "allowedPrefixes"


class EnvironmentFolders(_Model):
    """Where an environment's part of the fleet lies."""

    cluster: Folder
    """What the sync of `flux bootstrap` applies."""
    operator: Folder | None = None
    """What the sync of the Flux Operator applies, the FluxInstance included; None: the fleet has no such route."""
    policies: Folder
    tenants: Folder
    resource_set: Folder | None = None
    """Where a ResourceSet makes the same tenants; None: the fleet has none."""
    oci_tenants: Folder | None = None
    """Where the same tenants have OCI artifacts as sources; None: the fleet has no such folder."""
    oci_resource_set: Folder | None = None
    """Where a ResourceSet makes tenants that have OCI artifacts as sources; None: the fleet has none."""


class Addresses(_Model):
    """The servers that the fleet's sources name."""

    git: WebAddress = "https://git.example.com/"
    ssh: SSHAddress = "ssh://git@git.example.com/"
    helm: WebAddress = "https://charts.example.com/"
    oci: OCIAddress = "oci://registry.example.com/"


class TenantTemplate(_Model):
    """The tenant after whose base the tenants of the checks are made."""

    tenant: Name = "dev-team"
    namespace: Namespace = "apps"


class Policies(_Model):
    """Names of the policies, each also its binding's; None: the fleet has no such policy."""

    sources: Name | None = "flux-tenant-sources"
    buckets: Name | None = "flux-tenant-buckets"
    kubeconfig: Name | None = "flux-tenant-kubeconfig"
    pods: Name | None = "flux-tenant-pods"
    image_automation: Name | None = "flux-tenant-image-automation"
    guard_namespace: Name | None = "guard-namespace"
    guard_flux: Name | None = "guard-flux"
    guard_sources: Name | None = "guard-sources"
    guard_status: Name | None = "guard-status"
    guard_satoken: Name | None = "guard-satoken"


def _default_environments() -> dict[Environment, EnvironmentFolders]:
    return {
        env: EnvironmentFolders.model_validate(
            {
                "cluster": f"clusters/{env}",
                "operator": f"operator/{env}",
                "policies": f"policies/{env}",
                "tenants": f"tenants/{env}",
                "resourceSet": f"tenants/resourceset/{env}",
                "ociTenants": f"tenants/oci/{env}",
                "ociResourceSet": f"tenants/oci/resourceset/{env}",
            }
        )
        for env in Environment
    }


class FleetProfile(_Model):
    """What the suite has to know of a fleet; the defaults are the reference fleet's names."""

    api_version: Literal["conformance.fluxtenancy.dev/v1alpha1"] = "conformance.fluxtenancy.dev/v1alpha1"
    kind: Literal["FleetProfile"] = "FleetProfile"
    flux_namespace: Namespace = "flux-system"
    tenant_label: Annotated[str, StringConstraints(pattern=r"^([a-z0-9.-]+/)?[A-Za-z0-9._-]+$")] = (
        "toolkit.fluxcd.io/tenant"
    )
    service_account: Name = "flux"
    environments: Mapping[Environment, EnvironmentFolders] = Field(default_factory=_default_environments)
    tenants: Mapping[Name, Namespace] = Field(default_factory=lambda: {"dev-team": "apps", "ops-team": "ops"})
    tenant_template: TenantTemplate = TenantTemplate()
    tenant_components: tuple[Folder, ...] = ("tenants/components/guardrails",)
    """What every tenant's base includes."""
    addresses: Addresses = Addresses()
    organisation: Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9._-]+/)+$")] = "example/"
    allowlist: Allowlist = Allowlist()
    policies: Policies = Policies()

    @model_validator(mode="after")
    def _tenants_are_apart(self) -> Self:
        if len(self.tenants) < MINIMUM_TENANTS:
            raise _LocatedError("tenants", "name two tenants at least: a check across tenants needs a victim")
        if len(set(self.tenants.values())) < len(self.tenants):
            raise _LocatedError("tenants", "two tenants share a namespace; nothing could tell them apart")
        template = self.tenant_template
        if self.tenants.get(template.tenant) != template.namespace:
            raise _LocatedError("tenantTemplate", f'"{template.tenant}: {template.namespace}" is not among `tenants`')
        return self


class _LocatedError(ValueError):
    """A problem between fields; carries the key whose line is shown."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key = key


def load_profile(root: Path) -> tuple[FleetProfile, LocatedDocument]:
    """Read and validate a fleet's `conformance.yaml`; without the file, the reference names hold.

    Raises:
        InputError: all problems of the file, each with its line.
    """
    path = root / FILE_NAME
    if not path.is_file():
        return FleetProfile(), LocatedDocument(root, {}, {})
    document = load_located(path)
    if not isinstance(document.data, dict):
        raise InputError(f"{path}:1: must be a mapping", hint=f"Begin with `apiVersion: {FleetProfile().api_version}`.")
    problems = [_line(document, location, "is there twice") for location, _ in document.duplicates]
    problems += [_line(document, (key,), "is missing") for key in ("apiVersion", "kind") if key not in document.data]
    profile = None
    try:
        profile = FleetProfile.model_validate(document.data)
    except ValidationError as error:
        problems += [_line(document, *_explain(detail)) for detail in error.errors()]
    if problems or profile is None:
        raise InputError("\n".join(problems), hint=f"Correct {path}; the reference fleet's shows every key.")
    return profile, document


def _line(document: LocatedDocument, location: tuple[str | int, ...], text: str) -> str:
    key = ".".join(map(str, location)) or "the file"
    return f"{document.where(*location)}: {key}: {text}"


def _explain(detail: ErrorDetails) -> tuple[tuple[str | int, ...], str]:
    location = tuple(part for part in detail["loc"] if part != "[key]")
    problem = detail.get("ctx", {}).get("error")
    if isinstance(problem, _LocatedError):
        return (problem.key,), str(problem)
    if detail["type"] == "extra_forbidden":
        return location, "unknown key" + _did_you_mean(str(location[-1]), _known_keys(location[:-1]))
    if detail["loc"][-1:] == ("[key]",) and detail["type"] == "enum":
        return location, "unknown environment" + _did_you_mean(str(location[-1]), [str(env) for env in Environment])
    if detail["type"] == "missing":
        return location, "is missing"
    if detail["type"] == "string_pattern_mismatch":
        return location, f"{detail['input']!r} does not match {detail['ctx']['pattern']}"
    return location, re.sub(r"^Value error, ", "", detail["msg"])


def _did_you_mean(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f'; did you mean "{close[0]}"?' if close else f"; known are {', '.join(known)}"


def _known_keys(location: tuple[str | int, ...]) -> list[str]:
    """Return the keys that the model at a location has."""
    model: Any = FleetProfile
    for part in location:
        model = next(iter(_below(model, str(part))), None)
    if isinstance(model, type) and issubclass(model, BaseModel):
        return [str(field.alias) for field in model.model_fields.values()]
    return []


def _below(model: Any, key: str) -> Iterator[Any]:
    if get_origin(model) is not None:
        yield get_args(model)[-1]
    elif isinstance(model, type) and issubclass(model, BaseModel):
        yield from (field.annotation for field in model.model_fields.values() if field.alias == key)
