"""Writes what the planner is made of (CycloneDX) from the locks; `make sbom` runs it.

Usage: python tools/sbom.py OUT.json. cyclonedx-py reads the Python packages; those that pages load come from
package-lock.json. Which index a package is fetched from is the installer's choice, so no host stands in it.
"""

import base64
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.lock"
ALGORITHMS = {"sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}


def python_parts() -> dict[str, Any]:
    """What cyclonedx-py makes of the lock, with the hashes at the packages themselves."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "python.json"
        command = [Path(sys.executable).parent / "cyclonedx-py", "requirements", LOCK, "-o", made]
        options = ["--pyproject", ROOT / "pyproject.toml", "--output-reproducible", "--of", "JSON", "--short-PURLs"]
        # Its warning says that a list of packages has no graph, which is so.
        subprocess.run([*command, *options], check=True, env={"PYTHONWARNINGS": "ignore"})  # noqa: S603 - ours
        bom: dict[str, Any] = json.loads(made.read_text())
    bom["metadata"].pop("tools", None)
    for part in bom["components"]:
        references = part.pop("externalReferences", [])
        part["hashes"] = [each for reference in references for each in reference.get("hashes", [])]
        part.pop("description", None)
    return bom


def browser_parts() -> list[dict[str, Any]]:
    """The packages of package-lock.json."""
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    return [_browser_part(name.removeprefix("node_modules/"), each) for name, each in packages.items() if name]


def _browser_part(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    algorithm, _, digest = entry["integrity"].partition("-")
    purl = f"pkg:npm/{name.replace('@', '%40')}@{entry['version']}"
    return {
        "type": "library", "bom-ref": purl, "name": name, "version": entry["version"], "purl": purl,
        "hashes": [{"alg": ALGORITHMS[algorithm], "content": base64.b64decode(digest).hex()}],
    }  # fmt: skip


def main(out: str) -> None:
    """Write the file."""
    bom = python_parts()
    bom["components"] += browser_parts()
    bom["dependencies"] += [{"ref": part["bom-ref"]} for part in browser_parts()]
    path = Path(out)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(bom, indent=2, sort_keys=True) + "\n")
    print(f"{out}: {len(bom['components'])} parts")


if __name__ == "__main__":
    main(sys.argv[1])
