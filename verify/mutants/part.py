"""The parts of the sources that are mutated, and the tests that judge each."""

from dataclasses import dataclass
from pathlib import Path

from operators import Mutant, mutants_of
from shipped import shipped_of

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


@dataclass(frozen=True)
class Part:
    name: str
    folder: Path
    sources: tuple[str, ...]  # stems
    tests: tuple[str, ...]
    equivalent: Path  # mutants that no check can kill, with their proofs
    searched: bool  # the model checker judges too

    def path(self, file: str) -> Path:
        return self.folder / file

    def mutants(self) -> list[Mutant]:
        found: list[Mutant] = []
        for stem in self.sources:
            found += mutants_of(self.folder / f"{stem}.c")
        if self.searched:
            found += shipped_of(HERE / "shipped", self.folder)
        return found

    def text_of(self, mutant: Mutant) -> str:
        return mutant.apply(self.path(mutant.file).read_text())


def tests_of(stems: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"test_{stem}" for stem in stems
                 if (ROOT / f"tests/test_{stem}.c").exists())


def make_core() -> Part:
    stems = tuple(path.stem for path in sorted((ROOT / "core").glob("*.c")))
    return Part("core", ROOT / "core", stems, tests_of(stems),
                HERE / "equivalent.txt", True)


def make_session() -> Part:
    """What turns bytes into operations and answers, in both protocols."""
    stems = ("codec", "decimal", "dialogue", "reply", "resp_codec", "session")
    return Part("session", ROOT / "net", stems,
                tests_of((*stems, "resp", "resp_connection", "collector")),
                HERE / "equivalent_session.txt", False)


PARTS = {part.name: part for part in (make_core(), make_session())}
