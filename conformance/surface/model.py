"""What there is to check in a Flux release: its surface, and how two releases differ in it. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from conformance.model import EXIT_CODES, ExitCode, Verdict

RULE = "!"
"""Stands between a path and a CEL rule on it, among the leaves of a CustomResourceDefinition; no path has it."""


class Kind(StrEnum):
    """What sort of thing an entry is; the word that its id begins with."""

    FIELD = "field"
    """A field of a CustomResourceDefinition, or one value that it admits."""
    FLAG = "flag"
    """A flag of a controller."""
    RULE = "rule"
    """One right that a ClusterRole or Role of the release gives."""
    GRANT = "grant"
    """One right that `view`, `edit` or `admin` gains by aggregation."""
    BINDING = "binding"
    """One account that the release binds to a role."""
    OBJECT = "object"
    """Any other object that the release installs."""


class Class(StrEnum):
    """Why an entry touches isolation."""

    NAMESPACE = "namespace"
    """Names another namespace, or an object in one."""
    IDENTITY = "identity"
    """Names an account, or decides whose rights are used."""
    SECRET = "secret"  # noqa: S105 - a class of fields
    URL = "url"
    """Names a host that a controller talks to, or how far it trusts it."""
    PATH = "path"
    """Names a file or folder."""
    CODE = "code"
    """An expression, template, patch or value that a controller evaluates or applies."""
    TRUST = "trust"
    """What a controller takes as genuine, or how it tells the truth: verification, deletion, ownership."""
    AVAILABILITY = "availability"
    """Can stop or starve what others need."""
    RIGHTS = "rights"
    """A right in Kubernetes."""
    NETWORK = "network"
    """Who reaches whom."""
    UNCLASSIFIED = "unclassified"
    """No rule of classes.yaml knows it: never mapped, until somebody has looked at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """Why no check looks at an entry, who says so, and until when."""

    reason: str
    owner: str
    expires: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that touches isolation."""

    id: str
    """Such as `field Kustomization:spec.sourceRef.namespace`: equal in all releases that have it."""
    kind: Kind
    classes: Sequence[Class]
    origin: str
    """What it was read from: a manifest of the release, or the help of a binary."""
    detail: Mapping[str, str] = field(default_factory=dict)
    """What is known of it besides its name; another detail in another release is a change."""
    checks: Sequence[str] = ()
    """Ids of the rows that look at it."""
    how: str = ""
    """Why these checks speak for it, where their own objects do not have it."""
    waiver: Waiver | None = None
    """In force on the day of reading; an expired one is in `lapsed`."""
    lapsed: Waiver | None = None

    @property
    def mapped(self) -> bool:
        """Whether a check looks at it, or a waiver in force says why none does."""
        return bool(self.checks) or self.waiver is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """All that touches isolation in one Flux release, and who looks at it."""

    version: str
    """Such as `2.9.5`."""
    entries: Sequence[Entry]
    """By id."""
    leaves: Mapping[str, str]
    """Every leaf field of every CRD, every value it admits where these are counted out, and every rule between fields,
    whatever its class -> its class, or why it has none."""
    components: Mapping[str, str]
    """controller -> version."""
    flags_from: Mapping[str, str]
    """controller -> what its flags were read from: `help` or `manifest`."""
    sources: Sequence[str]
    """What was read, in words: module and version, binaries."""
    binaries: Mapping[str, str] = field(default_factory=dict)
    """controller -> SHA-256 of the binary whose help was read."""
    reservations: Sequence[str] = ()
    """What could not be read to its full depth."""
    beside: Sequence[str] = ()
    """Those of the reservations that tell of containers in a controller's Pods which are not Flux's."""

    @property
    def unmapped(self) -> Sequence[Entry]:
        """Entries that no check looks at and no waiver in force excuses: new surface."""
        return tuple(entry for entry in self.entries if not entry.mapped)

    @property
    def waived(self) -> Sequence[Entry]:
        """Entries that a waiver in force excuses."""
        return tuple(entry for entry in self.entries if entry.waiver is not None and not entry.checks)

    @property
    def verdict(self) -> Verdict:
        """Inconclusive with new surface. A surface alone makes nothing non-conformant."""
        return Verdict.INCONCLUSIVE if self.unmapped else Verdict.CONFORMANT

    @property
    def exit_code(self) -> int:
        """The exit code of the verdict."""
        return EXIT_CODES[ExitCode(self.verdict)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """An entry that both releases have, with another detail."""

    before: Entry
    after: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceDiff:
    """How the surface of a release differs from that of another."""

    before: Surface
    after: Surface
    new: Sequence[Entry]
    removed: Sequence[Entry]
    changed: Sequence[Changed]
    new_leaves: Mapping[str, str]
    """What only the later release has of `Surface.leaves`, whatever its class."""
    removed_leaves: Mapping[str, str]
    incomparable: Sequence[str]
    """What one side could not be asked, in words: nothing is said of it."""

    @property
    def removed_rules(self) -> Sequence[str]:
        """CEL rules of the CustomResourceDefinitions that the later release lacks, or has in other words."""
        return tuple(sorted(name for name in self.removed_leaves if RULE in name))

    @property
    def unmapped(self) -> Sequence[Entry]:
        """New surface: what the later release has, mapped to nothing."""
        return self.after.unmapped

    @property
    def verdict(self) -> Verdict:
        """Inconclusive with new surface, and where a side could not be asked."""
        return Verdict.INCONCLUSIVE if self.incomparable else self.after.verdict

    @property
    def exit_code(self) -> int:
        """The exit code of the verdict."""
        return EXIT_CODES[ExitCode(self.verdict)]
