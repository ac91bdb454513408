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
from part import PARTS, ROOT
from workshop import BUILD, OBJECTS, Workshop, make, relative

sys.path.insert(0, str(ROOT / "verify"))
import properties  # noqa: E402  (its folder is the line above)

SEARCH_SECONDS = 60
# What is killed at random takes no known time; a minute of sleep is none of it.
KILLING_LIMITS = watchdog.Limits(60, 120)
CORE = PARTS["core"]
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


class Judge(Protocol):
    def check(self, mutant: Mutant, built: Path) -> str:
        """What kills the mutant, or nothing.  Any thread."""


class Stores:
    """ci/check_stores, on the one file that differs."""

    def __init__(self) -> None:
        self.script = load(ROOT / "ci" / "check_stores")
        self.compilers = [name for name in ("gcc", "clang")
                          if shutil.which(name)]
        flaws, _ = self.script.check(str(CORE.folder), self.compilers)
        if flaws:
            raise SystemExit("verify/mutants: ci/check_stores fails without a "
                             "mutant: " + flaws[0])

    def check(self, mutant: Mutant, built: Path) -> str:
        stem = Path(mutant.file).stem
        if stem not in self.script.SOURCES or not self.compilers:
            return ""
        with tempfile.TemporaryDirectory(dir=BUILD) as name:
            core = Path(name) / "core"
            shutil.copytree(CORE.folder, core)
            (core / mutant.file).write_text(CORE.text_of(mutant))
            flaws, _ = self.script.check(str(core), self.compilers, [stem])
        return f"check_stores: {flaws[0].partition('core/')[2]}" if flaws \
            else ""


class Searches:
    """The model checker's quick searches of the harnesses nearest to the file:
    all, or those in which somebody dies."""

    def __init__(self, deaths_only: bool) -> None:
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
        self.rows = [row for row in properties.ROWS if row.quick and (
            not deaths_only or self._is_deadly(row))]
        properties.build(self.heddle, self.objects)

    @staticmethod
    def _is_deadly(row: "properties.Row") -> bool:
        return any(option.startswith("--deaths") for option in row.options)

    def check(self, mutant: Mutant, built: Path) -> str:
        stem = Path(mutant.file).stem
        with tempfile.TemporaryDirectory(dir=BUILD) as name:
            directory = Path(name)
            source = directory / mutant.file
            source.write_text(CORE.text_of(mutant))
            mutated = directory / f"{stem}.o"
            said = properties.compile_one(self.heddle, source, mutated,
                                          ("-w", "-Wno-error"))
            if said:
                raise SystemExit(f"verify/mutants: heddle cc says:\n{said}")
            for harness in properties.judges_of(stem):
                said = properties.link_harness(
                    self.heddle, harness, self.objects, {stem: mutated},
                    directory / harness)
                if said:
                    raise SystemExit("verify/mutants: heddle cc says:\n"
                                     + said)
                reason = self._harness(harness, directory / harness)
                if reason:
                    return reason
        return ""

    def _harness(self, harness: str, program: Path) -> str:
        for row in self.rows:
            if row.harness != harness:
                continue
            for script in row.scripts:
                verdict = self._search(program, script, row)
                if verdict not in FOUND:
                    continue
                before = self._search(self.objects / harness, script, row)
                if before in FOUND:
                    raise SystemExit(f"verify/mutants: {harness} {script} "
                                     f"fails without a mutant: {before}")
                return f"{harness}: {script} ({verdict})"
        return ""

    def _search(self, program: Path, script: str, row: "properties.Row"
                ) -> str:
        return properties.search(self.heddle, program, script,
                                 list(row.options), SEARCH_SECONDS).verdict


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
