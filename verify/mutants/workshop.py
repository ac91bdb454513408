"""Where mutants are built and tested.

Only the mutated file is compiled, with the Makefile's own command, and linked
before the archive of the others.  A mutant whose object equals that of the
source, or of an earlier mutant, is no mutant of its own.  The unit tests judge
first: they are the cheapest of the checks (the others: judges.py).
"""

import hashlib
import os
import shlex
import subprocess
from pathlib import Path

import watchdog
from operators import Mutant
from part import ROOT, Part

BUILD = ROOT / "build" / "mutants"
OBJECTS = BUILD / "objects"
CACHE = BUILD / "cache"
MEASUREMENTS = 3


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
    def __init__(self, part: Part) -> None:
        self.part = part
        OBJECTS.mkdir(parents=True, exist_ok=True)
        CACHE.mkdir(parents=True, exist_ok=True)
        self.tests = part.tests
        make(*(f"{relative(OBJECTS)}/tests/{name}" for name in self.tests))
        self.limits = {name: self._limits(name) for name in self.tests}
        self.flags = self._flags()
        self.headers = [*sorted((ROOT / "core").glob("*.h")),
                        *sorted((ROOT / "net").glob("*.h"))]
        self.links: dict[str, list[str]] = {}
        self.sources = {f"{stem}.c": part.path(f"{stem}.c").read_text()
                        for stem in part.sources}
        self.originals = {name: self.compile(name, text)
                          for name, text in self.sources.items()}

    def _limits(self, test: str) -> watchdog.Limits:
        """Measured on the sources as they are, one test at a time."""
        runs = [watchdog.run([OBJECTS / "tests" / test], watchdog.UNKNOWN)
                for _ in range(MEASUREMENTS)]
        for run in runs:
            if run.ended != "status 0":
                raise SystemExit(f"verify/mutants: {test} fails ({run.ended}) "
                                 f"without a mutant:\n{run.output}")
        return watchdog.limits_of(runs)

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
        stem = f"{self.part.folder.name}/{self.part.sources[0]}"
        words = self._command(f"{stem}.c", f"{stem}.o")
        words = words[:words.index("-c")]
        return [word for word in words
                if not word.startswith(("-W", "-M")) and word != "-g"]

    def link(self, target: str, built: Path, output: Path) -> None:
        """Link a program of the Makefile's with a mutant before the rest."""
        words = self.links.get(target)
        if words is None:
            words = self._command(f"{target}.c", target)
            self.links[target] = words
        own = words.index(f"{relative(OBJECTS)}/{target}.o") + 1
        linked = subprocess.run(
            [self.flags[0], "-o", output, words[own - 1], built, *words[own:]],
            cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, check=False)
        if linked.returncode != 0:
            raise SystemExit(f"verify/mutants: {target} does not link:\n"
                             + linked.stderr)

    def compile(self, name: str, text: str) -> Path | None:
        """The object, or None when the text does not compile."""
        key = hashlib.sha256("\0".join([*self.flags, name, text]).encode())
        for header in self.headers:
            key.update(header.read_bytes())
        output = CACHE / f"{key.hexdigest()}.o"
        if output.exists():
            return output
        unfinished = output.with_suffix(f".{os.getpid()}-{id(key)}")
        place = f"{self.part.folder.name}/{name}"
        done = subprocess.run(
            [*self.flags, "-w", "-g0", "-x", "c", "-c", "-o", unfinished, "-"],
            input=f'#line 1 "{place}"\n{text}', cwd=ROOT, text=True,
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

    def check(self, mutant: Mutant, built: Path) -> str:
        """Run the tests, the file's own first, until one kills; which one, or
        nothing."""
        own = f"test_{Path(mutant.file).stem}"
        for test in sorted(self.tests, key=lambda test: test != own):
            reason = self._run(test, built)
            if reason:
                return reason
        return ""

    def _run(self, test: str, built: Path) -> str:
        program = built.with_name(f"{built.stem}-{test}")
        self.link(f"tests/{test}", built, program)
        try:
            run = watchdog.run([program], self.limits[test])
        except watchdog.WatchdogError as error:
            raise SystemExit(f"verify/mutants: {test}: {error}") from error
        finally:
            program.unlink()
        if run.ended == "status 0":
            return ""
        return f"{test}: {last_case(run.output)} ({run.ended})"


def last_case(output: str) -> str:
    """The test case that failed, or that was under way."""
    failed = running = "?"
    for line in output.splitlines():
        if line.startswith("[ RUN      ]"):
            running = line.split("]", 1)[1].strip()
        elif failed == "?" and (line.startswith("[  FAILED  ]") or
                                line.startswith("[  ERROR   ]")
                                and " --- " not in line):
            failed = line.split("]", 1)[1].strip()
    return running if failed == "?" else failed
