"""Where mutants are built and checked.

Only the mutated file is compiled, with the Makefile's own command, and linked
before the archive of the others.  A mutant whose object equals that of the
source, or of an earlier mutant, is no mutant of its own.  The unit tests are
the cheaper checks and come first, then the quick searches of the model checker.
"""

import hashlib
import os
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from operators import Mutant, mutants_of
from shipped import shipped_of

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CORE = ROOT / "core"
BUILD = ROOT / "build" / "mutants"
OBJECTS = BUILD / "objects"
CACHE = BUILD / "cache"
MEMORY_BYTES = 4 << 30
SEARCH_SECONDS = 10

sys.path.insert(0, str(HERE.parent))
import properties  # noqa: E402  (its folder is the line above)


@dataclass(frozen=True)
class Verdict:
    """killed: by which check, and how; empty when the mutant survived."""

    killed_by: str
    seconds: float


def all_mutants() -> list[Mutant]:
    found: list[Mutant] = []
    for path in sorted(CORE.glob("*.c")):
        found += mutants_of(path)
    return found + shipped_of(HERE / "shipped", CORE)


def make(*targets: str) -> None:
    done = subprocess.run(
        ["make", "-s", "-j2", f"BUILD={OBJECTS.relative_to(ROOT)}", *targets],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False)
    if done.returncode != 0:
        raise SystemExit("verify/mutants: the sources do not build:\n"
                         + done.stdout)


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


class Workshop:
    def __init__(self, timeout_seconds: float) -> None:
        self.timeout_seconds = timeout_seconds
        OBJECTS.mkdir(parents=True, exist_ok=True)
        CACHE.mkdir(parents=True, exist_ok=True)
        self.tests = [f"test_{path.stem}" for path in sorted(CORE.glob("*.c"))
                      if (ROOT / f"tests/test_{path.stem}.c").exists()]
        make(*(f"{relative(OBJECTS)}/tests/{name}" for name in self.tests))
        self.flags = self._flags()
        self.linking = self._linking()
        self.heddle: Path | None = None
        self.sources = {path.name: path.read_text()
                        for path in CORE.glob("*.c")}
        self.originals = {name: self.compile(name, text)
                          for name, text in self.sources.items()}

    def use_heddle(self) -> None:
        """Check with the model checker too: with a copy, for the one that
        make leaves may be built anew while mutants are checked."""
        found = properties.find_heddle()
        folder = found.parent.parent
        self.heddle = BUILD / "heddle" / "bin" / "heddle"
        for source, target in (
                (found, "bin/heddle"),
                (folder / "lib/libheddle.a", "lib/libheddle.a"),
                (ROOT / "verify/heddle/heddle.h", "include/heddle.h")):
            copy = BUILD / "heddle" / target
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
        properties.build(self.heddle, BUILD / "verify")

    def _command(self, source: str, target: str) -> list[str]:
        """The words of the Makefile's command for a target."""
        printed = subprocess.run(
            ["make", "-n", "-W", source, f"BUILD={OBJECTS.relative_to(ROOT)}",
             f"{relative(OBJECTS)}/{target}"], cwd=ROOT,
            stdout=subprocess.PIPE, text=True, check=True).stdout
        lines = printed.replace("\\\n", " ").splitlines()
        return next(shlex.split(line) for line in lines
                    if f"-o {relative(OBJECTS)}/{target} " in line)

    def _flags(self) -> list[str]:
        words = self._command("core/rwlock.c", "core/rwlock.o")
        words = words[:words.index("-c")]
        return [word for word in words
                if not word.startswith(("-W", "-M")) and word != "-g"]

    def _linking(self) -> list[str]:
        """What stands behind the objects of a test."""
        words = self._command("tests/test_rwlock.c", "tests/test_rwlock")
        first = words.index(f"{relative(OBJECTS)}/tests/test_rwlock.o") + 1
        return words[first:]

    def compile(self, name: str, text: str) -> Path | None:
        """The object, or None when the text does not compile."""
        key = hashlib.sha256("\0".join([*self.flags, name, text]).encode())
        for header in sorted(CORE.glob("*.h")):
            key.update(header.read_bytes())
        output = CACHE / f"{key.hexdigest()}.o"
        if output.exists():
            return output
        unfinished = output.with_suffix(f".{os.getpid()}-{id(key)}")
        done = subprocess.run(
            [*self.flags, "-w", "-g0", "-x", "c", "-c", "-o", unfinished, "-"],
            input=f'#line 1 "core/{name}"\n{text}', cwd=ROOT, text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            return None
        unfinished.replace(output)
        return output

    def build(self, mutant: Mutant) -> tuple[str, Path | None]:
        """("differs", object), or why there is none."""
        built = self.compile(mutant.file,
                             mutant.apply(self.sources[mutant.file]))
        original = self.originals[mutant.file]
        if built is None or original is None:
            return "does not compile", None
        if built.read_bytes() == original.read_bytes():
            return "equals the source", None
        return "differs", built

    def check(self, mutant: Mutant, built: Path, search: bool) -> Verdict:
        """Run the tests, the file's own first, until one kills; then, if
        asked to, the searches."""
        begin = time.monotonic()
        own = f"test_{Path(mutant.file).stem}"
        for test in sorted(self.tests, key=lambda test: test != own):
            reason = self._run(test, built)
            if reason:
                return Verdict(reason, time.monotonic() - begin)
        reason = self._search(mutant) if self.heddle and search else ""
        return Verdict(reason, time.monotonic() - begin)

    def _run(self, test: str, built: Path) -> str:
        program = built.with_name(f"{built.stem}-{test}")
        linked = subprocess.run(
            [self.flags[0], "-o", program, OBJECTS / f"tests/{test}.o", built,
             *self.linking],
            cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, check=False)
        if linked.returncode != 0:
            raise SystemExit(f"verify/mutants: {test} does not link:\n"
                             + linked.stderr)
        try:
            return run_limited(test, program, self.timeout_seconds)
        finally:
            program.unlink()

    def _search(self, mutant: Mutant) -> str:
        """The quick searches of the harnesses that contain the file."""
        stem = Path(mutant.file).stem
        with tempfile.TemporaryDirectory(dir=BUILD) as name:
            directory = Path(name)
            source = directory / mutant.file
            source.write_text(mutant.apply(self.sources[mutant.file]))
            mutated = directory / f"{stem}.o"
            assert self.heddle is not None
            said = properties.compile_one(self.heddle, source, mutated,
                                          ("-w", "-Wno-error"))
            if said:
                raise SystemExit(f"verify/mutants: heddle cc says:\n{said}")
            for harness in properties.NEAREST.get(stem,
                                                  properties.HARNESSES):
                reason = self._harness(harness, stem, mutated, directory)
                if reason:
                    return reason
        return ""

    def _harness(self, harness: str, stem: str, mutated: Path,
                 directory: Path) -> str:
        assert self.heddle is not None
        said = properties.link_harness(self.heddle, harness, BUILD / "verify",
                                       {stem: mutated}, directory / harness)
        if said:
            raise SystemExit(f"verify/mutants: heddle cc says:\n{said}")
        for row in properties.ROWS:
            if row.harness != harness or not row.quick:
                continue
            for script in row.scripts:
                result = properties.search(self.heddle, directory / harness,
                                           script, list(row.options),
                                           SEARCH_SECONDS)
                if result.verdict not in ("clean", "cut"):
                    return f"{harness}: {script} ({result.verdict})"
        return ""


def limit() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    os.nice(10)


def run_limited(test: str, program: Path, seconds: float) -> str:
    """How the test failed, or nothing.  All that it started is ended."""
    process = subprocess.Popen(
        [program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=limit)
    try:
        output, _ = process.communicate(timeout=seconds)
        ended = f"status {process.returncode}"
        if process.returncode < 0:
            ended = signal.Signals(-process.returncode).name
    except subprocess.TimeoutExpired:
        ended = "hangs"
        output = b""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    if ended == "hangs":
        output, _ = process.communicate()
    Path(f"/dev/shm/dipc-test-{process.pid}").unlink(missing_ok=True)
    if ended == "status 0":
        return ""
    return f"{test}: {last_case(output.decode(errors='replace'))} ({ended})"


def last_case(output: str) -> str:
    """The test case that failed, or that was under way."""
    failed = running = "?"
    for line in output.splitlines():
        if line.startswith("[ RUN      ]"):
            running = line.split("]", 1)[1].strip()
        elif line.startswith("[  FAILED  ]") and failed == "?":
            failed = line.split("]", 1)[1].strip()
    return running if failed == "?" else failed
