"""Build the package for pip (PEP 517) with the standard library alone.

So `pip install --no-index ./cli/python` downloads nothing and leaves nothing
in the tree.  What is built is the same, byte for byte, every time.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PROJECT: dict[str, Any] = tomllib.loads(
    (HERE / "pyproject.toml").read_text("utf-8")
)["project"]
NAME: str = PROJECT["name"]
STEM = f"{NAME}-{PROJECT['version']}"
TAG = "py3-none-any"
EARLIEST = (1980, 1, 1, 0, 0, 0)  # that a zip file can tell


def build_wheel(
    wheel_directory: str,
    config_settings: dict[str, Any] | None = None,
    metadata_directory: str | None = None,
) -> str:
    """Build what pip installs; its file name."""
    files = {path: (HERE / path).read_bytes() for path in package_files()}
    for page in man_pages():
        place = f"{STEM}.data/data/share/{page.replace('/', '/man1/')}"
        files[place] = (HERE / page).read_bytes()
    info = f"{STEM}.dist-info"
    files[f"{info}/METADATA"] = metadata()
    files[f"{info}/WHEEL"] = (
        "Wheel-Version: 1.0\n"
        "Generator: build_backend\n"
        "Root-Is-Purelib: true\n"
        f"Tag: {TAG}\n"
    ).encode()
    files[f"{info}/entry_points.txt"] = entry_points()
    files[f"{info}/RECORD"] = record(files, f"{info}/RECORD")
    name = f"{STEM}-{TAG}.whl"
    with zipfile.ZipFile(Path(wheel_directory, name), "w") as wheel:
        for path, data in files.items():
            entry = zipfile.ZipInfo(path, EARLIEST)
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            wheel.writestr(entry, data)
    return name


def build_sdist(
    sdist_directory: str, config_settings: dict[str, Any] | None = None
) -> str:
    """Build an archive of the sources, from which all can be built."""
    name = f"{STEM}.tar.gz"
    files = {path: (HERE / path).read_bytes() for path in source_files()}
    files["PKG-INFO"] = metadata()
    packed = io.BytesIO()
    with tarfile.open(mode="w", fileobj=packed) as archive:
        for path, data in files.items():
            entry = tarfile.TarInfo(f"{STEM}/{path}")
            entry.size = len(data)
            entry.mode = 0o755 if data.startswith(b"#!") else 0o644
            archive.addfile(entry, io.BytesIO(data))
    Path(sdist_directory, name).write_bytes(
        gzip.compress(packed.getvalue(), mtime=0)
    )
    return name


def package_files() -> list[str]:
    """What is installed."""
    return sorted(
        f"{NAME}/{path.name}"
        for path in (HERE / NAME).iterdir()
        if path.suffix in (".py", ".typed")
    )


def man_pages() -> list[str]:
    """Those of the programs."""
    return sorted(f"man/{path.name}" for path in (HERE / "man").glob("*.1"))


def source_files() -> list[str]:
    """What is needed to build, and the programs that need no installation."""
    top = sorted(path.name for path in HERE.glob("*.py"))
    return ["pyproject.toml", *top, *man_pages(), *package_files()]


def metadata() -> bytes:
    return (
        "Metadata-Version: 2.1\n"
        f"Name: {NAME}\n"
        f"Version: {PROJECT['version']}\n"
        f"Summary: {PROJECT['description']}\n"
        f"Requires-Python: {PROJECT['requires-python']}\n"
    ).encode()


def entry_points() -> bytes:
    lines = [f"{name} = {what}" for name, what in PROJECT["scripts"].items()]
    return "\n".join(["[console_scripts]", *lines, ""]).encode()


def record(files: dict[str, bytes], own_path: str) -> bytes:
    """The list of all files with their sums, itself without one."""
    lines = []
    for path, data in files.items():
        digest = hashlib.sha256(data).digest()
        text = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        lines.append(f"{path},sha256={text},{len(data)}\n")
    lines.append(f"{own_path},,\n")
    return "".join(lines).encode()
