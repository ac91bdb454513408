"""The checks that judge what the unit tests let live.

Each judge is asked about a mutant and names the check that kills it, or answers
nothing.  A judge that cannot tell (a search that was cut off) kills nothing.
"""

import importlib.util
import shutil
import sys
import tempfile
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Protocol

import watchdog
from operators import Mutant
from workshop import BUILD, CORE, OBJECTS, ROOT, Workshop, make, relative

sys.path.insert(0, str(ROOT / "verify"))
import properties  # noqa: E402  (its folder is the line above)

SEARCH_SECONDS = 60
# What is killed at random takes no known time; a minute of sleep is none of it.
KILLING_LIMITS = watchdog.Limits(60, 120)
FOUND = {"deadlock", "race", "assertion", "crash", "memory", "misuse",
         "livelock"}


def load(path: Path) -> ModuleType:
    """A script without an extension, as a module."""
    loader = SourceFileLoader(path.name, str(path))
    spec = importlib.util.spec_from_loader(path.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.name] = module
    dont_write, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = dont_write
    return module


def text_of(mutant: Mutant) -> str:
    return mutant.apply((CORE / mutant.file).read_text())


class Judge(Protocol):
    def check(self, mutant: Mutant, built: Path) -> str:
        """What kills the mutant, or nothing.  Any thread."""


class Stores:
    """ci/check_stores, on the one file that differs."""

    def __init__(self) -> None:
        self.script = load(ROOT / "ci" / "check_stores")
        self.compilers = [name for name in ("gcc", "clang")
                          if shutil.which(name)]
        flaws, _ = self.script.check(str(CORE), self.compilers)
        if flaws:
            raise SystemExit("verify/mutants: ci/check_stores fails without a "
                             "mutant: " + flaws[0])

    def check(self, mutant: Mutant, built: Path) -> str:
        stem = Path(mutant.file).stem
        if stem not in self.script.SOURCES or not self.compilers:
            return ""
        with tempfile.TemporaryDirectory(dir=BUILD) as name:
            core = Path(name) / "core"
            shutil.copytree(CORE, core)
            (core / mutant.file).write_text(text_of(mutant))
            flaws, _ = self.script.check(str(core), self.compilers, [stem])
        return f"check_stores: {flaws[0].partition('core/')[2]}" if flaws \
            else ""


class Searches:
    """The model checker's quick searches of the harnesses that contain the
    file, then those in which threads die."""

    def __init__(self, properties_too: bool) -> None:
        found = properties.find_heddle()
        folder = found.parent.parent
        # A copy: the one that make leaves may be built anew meanwhile.
        self.heddle = BUILD / "heddle" / "bin" / "heddle"
        for source, target in (
                (found, "bin/heddle"),
                (folder / "lib/libheddle.a", "lib/libheddle.a"),
                (ROOT / "verify/heddle/heddle.h", "include/heddle.h")):
            copy = BUILD / "heddle" / target
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
        self.objects = BUILD / "verify"
        self.properties_too = properties_too
        self.deaths = load(ROOT / "verify" / "run_death")
        properties.build(self.heddle, self.objects)
        self.deaths.build(self.heddle, self.objects)

    def check(self, mutant: Mutant, built: Path) -> str:
        stem = Path(mutant.file).stem
        with tempfile.TemporaryDirectory(dir=BUILD) as name:
            directory = Path(name)
            source = directory / mutant.file
            source.write_text(text_of(mutant))
            mutated = directory / f"{stem}.o"
            said = properties.compile_one(self.heddle, source, mutated,
                                          ("-w", "-Wno-error"))
            if said:
                raise SystemExit(f"verify/mutants: heddle cc says:\n{said}")
            reason = ""
            if self.properties_too:
                reason = self._properties(stem, mutated, directory)
            return reason or self._deaths(stem, mutated, directory)

    def _properties(self, stem: str, mutated: Path, directory: Path) -> str:
        for harness in properties.NEAREST.get(stem, properties.HARNESSES):
            program = directory / harness
            said = properties.link_harness(self.heddle, harness, self.objects,
                                           {stem: mutated}, program)
            if said:
                raise SystemExit(f"verify/mutants: heddle cc says:\n{said}")
            for row in properties.ROWS:
                if row.harness != harness or not row.quick:
                    continue
                for script in row.scripts:
                    result = properties.search(
                        self.heddle, program, script, list(row.options),
                        SEARCH_SECONDS)
                    if result.verdict in FOUND:
                        self._is_clean(harness, script, properties.search(
                            self.heddle, self.objects / harness, script,
                            list(row.options), SEARCH_SECONDS).verdict)
                        return f"{harness}: {script} ({result.verdict})"
        return ""

    @staticmethod
    def _is_clean(harness: str, script: str, verdict: str) -> None:
        """What kills a mutant finds nothing in the sources as they are."""
        if verdict in FOUND:
            raise SystemExit(f"verify/mutants: {harness} {script} fails "
                             f"without a mutant: {verdict}")

    def _deaths(self, stem: str, mutated: Path, directory: Path) -> str:
        for harness, deaths, scripts in properties.NEAREST_DEATHS.get(
                stem, properties.EVERY_DEATH):
            program = directory / harness
            said = self.deaths.link_harness(self.heddle, harness, self.objects,
                                            {stem: mutated}, program)
            if said:
                raise SystemExit(f"verify/mutants: heddle cc says:\n{said}")
            row = self.deaths.Row("", harness, deaths, "", scripts)
            for script in scripts:
                result = self.deaths.search(self.heddle, program, row, script,
                                            1, SEARCH_SECONDS)
                if result.verdict in FOUND:
                    self._is_clean(harness, script, self.deaths.search(
                        self.heddle, self.objects / harness, row, script, 1,
                        SEARCH_SECONDS).verdict)
                    return f"{harness}: {script} ({result.verdict})"
        return ""


class Killing:
    """stress/step_death and stress_death: real processes, really killed.  They
    measure times, so what they find they must find twice."""

    PROGRAMS = (("step_death", ("--every", "7", "--seed", "1")),
                ("stress_death", ("--seconds", "10", "--seed", "1",
                                  "--checked")))

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        make(*(f"{relative(OBJECTS)}/stress/{name}"
               for name, _ in self.PROGRAMS))

    def check(self, mutant: Mutant, built: Path) -> str:
        for name, arguments in self.PROGRAMS:
            program = built.with_name(f"{built.stem}-{name}")
            self.workshop.link(f"stress/{name}", built, program)
            try:
                command = [program, *arguments]
                first = watchdog.run(command, KILLING_LIMITS).ended
                if first == "status 0":
                    continue
                if watchdog.run(command, KILLING_LIMITS).ended != "status 0":
                    return f"{name}: {first}"
            finally:
                program.unlink()
        return ""
