"""What lies encrypted in Git, and the keys to it: one of the platform, one of each shared probe tenant.

The platform's Secret lies in the fleet repository (checks I01, I02). Every probe's repository holds ciphertexts
that whoever can clone it can read: for the platform's key, for the tenant's own, for the other tenant's (I03 to I06).
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from conformance.artifacts.sealed import AgeKey, make_age_key, seal
from conformance.model import Manifest
from conformance.repos.access_control import Credential

FLEET_FOLDER = "conformance-secrets"
PLATFORM_KEY = "sops-age"
"""Name of the Secret with the platform's key, in the namespace of Flux."""
TENANT_KEY = "tenant-age"
"""Name of the Secret with a tenant's own key, in its namespace."""
KEY_ENTRY = "identity.agekey"
_OWNERS = ("shared-a", "shared-b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The age keys of a platform; tenants by namespace."""

    platform: AgeKey
    tenants: Mapping[str, AgeKey]

    def secrets(self) -> list[str]:
        """Return every text that must be redacted."""
        return [key.identity for key in (self.platform, *self.tenants.values())]


def make_keys(probes: Sequence[str]) -> Keys:
    """Return keys of the platform and of the shared probe tenants."""
    return Keys(platform=make_age_key(), tenants={name: make_age_key() for name in _OWNERS if name in probes})


def write_for_tenants(sops: Path, keys: Keys, sealed: Path, *, home: Path) -> None:
    """Write `<id>/<word>/secret.yaml`, each with Secret `<id>-<word>`, below the folder that every probe gets."""
    sealed.mkdir()
    if set(keys.tenants) != set(_OWNERS):
        return
    own, foreign = (keys.tenants[name] for name in _OWNERS)
    # Two recipients: either key is enough, so that the tenant's own shows that the file can be decrypted.
    wanted = {
        "i03/own": [own],
        "i03/foreign": [foreign],
        "i04/shared": [keys.platform, own],
        "i05/shared": [keys.platform, own],
        "i06/own": [own],
    }

    def write(entry: tuple[str, Sequence[AgeKey]]) -> None:
        folder, recipients = entry
        path = sealed / folder / "secret.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        name = folder.replace("/", "-")
        path.write_text(seal(sops, _secret(name, {"owner": name}), recipients, home=home))

    with ThreadPoolExecutor(2, "sops") as pool:
        list(pool.map(write, wanted.items()))


def write_for_platform(sops: Path, keys: Keys, fleet: Path, credential: Credential, *, home: Path) -> None:
    """Write a tenant's Git credential into the fleet repository, encrypted to the platform's key."""
    data = {"username": credential.username, "password": credential.password}
    for check in ("i01", "i02"):
        path = fleet / FLEET_FOLDER / check / "auth.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(seal(sops, _secret(f"{check}-auth", data), [keys.platform], home=home))
    ignore = fleet / ".sourceignore"
    if ignore.is_file():
        ignore.write_text(f"{ignore.read_text().rstrip()}\n!/{FLEET_FOLDER}/\n")


def _secret(name: str, data: Mapping[str, str]) -> Manifest:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": dict(data)}
