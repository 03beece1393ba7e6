"""The binaries are what upstream released: no module was raised or lowered."""

import re
from pathlib import Path

from conformance import settings
from conformance.toolchain import Toolchain
from conformance.toolchain.cache import Cache
from conformance.toolchain.golang import find_go
from conformance.toolchain.origin import parse_build_info
from conformance.toolchain.recipes import load, version_tuple


def test_the_controller_is_exactly_what_upstream_releases() -> None:
    """Every module in kustomize-controller has the version that upstream's go.mod pins; none was raised."""
    with Toolchain("2.9.2", None, settings.cache_dir(), print) as toolchain:
        binary = toolchain.path("kustomize-controller")
        assert toolchain.origins()[0].substituted == ()
    built = parse_build_info(binary.with_name("build-info.txt").read_text(encoding="utf-8"))
    required, replaced = upstream_go_mod()
    own = f"{built.main.path}/api"  # upstream replaces it by its own folder
    wanted = {m.path: replaced.get(m.path, required[m.path]) for m in built.deps if m.path != own}
    assert {m.path: m.effective.version for m in built.deps if m.path != own} == wanted
    assert next(m.effective.version for m in built.deps if m.path == own) == built.main.version
    assert len(built.deps) > 200


def upstream_go_mod() -> tuple[dict[str, str], dict[str, str]]:
    """What kustomize-controller's released go.mod requires and replaces: module -> version."""
    recipes = load("2.9.2", settings.data_dir("toolchain"))
    build = recipes.build_of("kustomize-controller")
    go = find_go(recipes.minimum_go, build.folder, Cache(settings.cache_dir()), settings.environment())
    described = go.run(["mod", "download", "-json", f"{build.module}@{build.version}"], cwd=build.folder)
    path = re.search(r'"GoMod": "([^"]+)"', described)
    assert path is not None
    text = Path(path.group(1)).read_text(encoding="utf-8")
    pairs = re.findall(r"^\t(\S+) (v\S+)", text, re.MULTILINE)
    replaced = re.findall(r"^(?:replace |\t)(\S+) => \S+ (v\S+)", text, re.MULTILINE)
    assert version_tuple(dict(pairs)["k8s.io/api"]) > (0,)
    return dict(pairs), dict(replaced)
