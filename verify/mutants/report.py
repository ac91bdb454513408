"""What became of each mutant: lines as it goes, tables at the end, and a file.
"""

import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from operators import Mutant

Known = dict[tuple[str, str], str]

KINDS = ("unit test", "stores", "model checker", "real deaths")


def place_of(mutant: Mutant) -> str:
    """file:function:operator, or the name of one written by hand."""
    return mutant.key.rsplit(":", 1)[0] \
        if mutant.operator != "shipped" else mutant.key


def read_equivalent(path: Path) -> Known:
    """(place, what changes) and the proof; see the head of the file."""
    known: Known = {}
    blocks = path.read_text().split("\n\n") if path.exists() else []
    for block in blocks:
        lines = [line.strip() for line in block.splitlines()
                 if line.strip() and not line.startswith("#")]
        if not lines:
            continue
        if len(lines) < 3:
            sys.exit(f"{path.name}: a place, a change and a proof are wanted "
                     f"in\n{block}")
        known[lines[0], lines[1]] = " ".join(lines[2:])
    return known


def kind_of(check: str) -> str:
    if check.startswith("test_"):
        return "unit test"
    if check == "check_stores":
        return "stores"
    if check in ("step_death", "stress_death"):
        return "real deaths"
    return "model checker"


@dataclass(frozen=True)
class Outcome:
    mutant: Mutant
    outcome: str  # killed, equivalent, survives
    why: str  # the killer or the proof
    seconds: float

    @property
    def check(self) -> str:
        return self.why.split(":")[0]


class Report:
    def __init__(self, known: Known) -> None:
        self.known = known
        self.outcomes: list[Outcome] = []
        self.unchecked: list[Mutant] = []
        self.wrong: list[str] = []
        self.used: set[tuple[str, str]] = set()

    def is_known(self, mutant: Mutant) -> bool:
        return (place_of(mutant), mutant.what) in self.known

    def _add(self, outcome: Outcome, text: str) -> None:
        self.outcomes.append(outcome)
        print(f"{outcome.mutant.name:32} {outcome.seconds:5.1f} s  {text}",
              flush=True)

    def kill(self, mutant: Mutant, why: str, seconds: float) -> None:
        if self.is_known(mutant):
            self.used.add((place_of(mutant), mutant.what))
            self.wrong.append(f"{mutant.name} is listed as equivalent, but "
                              f"{why} kills it")
        self._add(Outcome(mutant, "killed", why, seconds), "killed by " + why)

    def survive(self, mutant: Mutant) -> None:
        entry = place_of(mutant), mutant.what
        if entry in self.known:
            self.used.add(entry)
            self._add(Outcome(mutant, "equivalent", self.known[entry], 0),
                      "equivalent: " + self.known[entry])
            return
        self._add(Outcome(mutant, "survives", "", 0),
                  "SURVIVES  " + mutant.what)

    def number(self, outcome: str) -> int:
        return sum(one.outcome == outcome for one in self.outcomes)

    def stale(self, complete: bool) -> list[tuple[str, str]]:
        """Entries of equivalent.txt that are no mutants."""
        whole = complete and not self.unchecked
        return sorted(set(self.known) - self.used) if whole else []

    def count(self, complete: bool) -> tuple[int, int]:
        passed = self.number("killed") + self.number("equivalent")
        return passed - len(self.wrong), self.number("survives") + \
            len(self.wrong) + len(self.unchecked) + len(self.stale(complete))

    def score(self) -> tuple[int, int]:
        killed = self.number("killed")
        return killed, killed + self.number("survives")

    def _by_operator(self) -> list[list[str | int]]:
        rows = []
        for operator in sorted({one.mutant.operator for one in self.outcomes}):
            ones = [one for one in self.outcomes
                    if one.mutant.operator == operator]
            kinds = Counter(kind_of(one.check) for one in ones
                            if one.outcome == "killed")
            ends = Counter(one.outcome for one in ones)
            rows.append([operator, len(ones), *(kinds[kind] for kind in KINDS),
                         ends["equivalent"], ends["survives"]])
        return rows

    def _by_check(self) -> list[tuple[str, int]]:
        return Counter(one.check for one in self.outcomes
                       if one.outcome == "killed").most_common()

    def print(self, complete: bool) -> None:
        line = "{:12} {:>7} {:>10} {:>7} {:>14} {:>12} {:>11} {:>9}"
        print()
        print(line.format("operator", "mutants", *KINDS, "equivalent",
                          "survive"))
        rows = self._by_operator()
        for row in rows:
            print(line.format(*row))
        print(line.format("all", *(sum(int(row[i]) for row in rows)
                                   for i in range(1, 8))))
        print()
        for check, number in self._by_check():
            print(f"{number:5} killed by {check}")
        for one in self.outcomes:
            if one.outcome == "survives":
                print(f"survivor {one.mutant.name} ({one.mutant.key})\n"
                      f"    {one.mutant.what}")
        for text in self.wrong:
            print("wrong: " + text)
        for place, what in self.stale(complete):
            print(f"wrong: listed as equivalent is what is no mutant: {place}\n"
                  f"    {what}")
        if self.unchecked:
            print(f"cut off by --time-limit: {len(self.unchecked)} mutants "
                  "were not checked")
        killed, judged = self.score()
        print(f"score {killed} of {judged} "
              f"({100 * killed / max(judged, 1):.1f} %), "
              f"{self.number('equivalent')} more proved equivalent")

    def write(self, path: Path, built: Counter[str], complete: bool) -> None:
        """One object, for a page that shows it."""
        killed, judged = self.score()
        path.write_text(json.dumps({
            "complete": complete and not self.unchecked,
            "built": dict(built),
            "killed": killed,
            "judged": judged,
            "equivalent": self.number("equivalent"),
            "by_operator": [dict(zip(
                ("operator", "mutants", *KINDS, "equivalent", "survive"), row))
                for row in self._by_operator()],
            "by_check": dict(self._by_check()),
            "mutants": [{
                "name": one.mutant.name, "key": one.mutant.key,
                "file": one.mutant.file, "line": one.mutant.line,
                "operator": one.mutant.operator, "what": one.mutant.what,
                "origin": one.mutant.origin, "outcome": one.outcome,
                "why": one.why, "seconds": round(one.seconds, 2),
            } for one in self.outcomes],
        }, indent=1) + "\n")
        print(f"{path}: each mutant and what became of it")
