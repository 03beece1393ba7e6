"""Evidence of one check: files, written as they are seen, with digests."""

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from conformance.model import Evidence
from conformance.repos.yaml_files import DUMPER


class EvidenceFolder:
    """Collects the evidence of one check under `<report>/evidence/<environment>/<id>/`."""

    def __init__(self, root: Path, relative: str, redact: Callable[[str], str]) -> None:
        self._root = root
        self._relative = relative
        self._redact = redact
        self._files: list[Evidence] = []
        self._lock = threading.Lock()

    @property
    def relative(self) -> str:
        """The folder, relative to the report."""
        return self._relative

    def record(self, kind: str, name: str, content: Any) -> None:
        """Keep an observation: text as it is, anything else as YAML; secrets are redacted."""
        text = content if isinstance(content, str) else _yaml(content)
        data = self._redact(text).encode()
        with self._lock:
            suffix = "txt" if isinstance(content, str) else "yaml"
            relative = f"{self._relative}/{len(self._files) + 1:02d}-{_slug(f'{kind}-{name}')}.{suffix}"
            path = self._root / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            self._files.append(Evidence(path=relative, sha256=hashlib.sha256(data).hexdigest(), kind=kind))

    def forget(self, kept: int) -> None:
        """Remove all but the first so many files: what was asked while somebody waited for the answer that counts."""
        with self._lock:
            for file in self._files[kept:]:
                (self._root / file.path).unlink(missing_ok=True)
            del self._files[kept:]

    def files(self) -> list[Evidence]:
        """Return what was recorded so far, in order."""
        with self._lock:
            return list(self._files)


class _Dumper(DUMPER):  # type: ignore[misc, valid-type]
    """Says everything where it is, also a second time: evidence with aliases is not read again."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _yaml(content: Any) -> str:
    return str(yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True))


def _slug(text: str, limit: int = 80) -> str:
    return "".join(c if c.isalnum() or c in "-._" else "-" for c in text)[:limit]
