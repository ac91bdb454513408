"""Figures of a benchmark: what was measured in turn, as ratios.

Noise of the machine hits whatever runs just then.  So contenders run in turn,
round after round, and a ratio is made of two figures of one round, which were
measured side by side; of the ratios the median counts, and the least and the
most are told.
"""

from __future__ import annotations

import csv
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

Key = tuple[str, ...]
ABREAST = 2  # so many others have columns of their own


@dataclass(frozen=True)
class Ratio:
    """Of all rounds."""

    median: float
    least: float
    most: float
    rounds: int

    def __str__(self) -> str:
        least, most = number(self.least), number(self.most)
        return f"{number(self.median)} ({least} to {most})"


def number(value: float) -> str:
    """Two or three digits that count, and no more."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    if abs(value) >= 0.1:
        return f"{value:.2f}"
    return f"{value:.3f}" if abs(value) >= 0.001 else "<0.001"


def size_name(size_bytes: int) -> str:
    for unit, name in ((2**20, "MB"), (1024, "kB")):
        if size_bytes >= unit:
            return f"{size_bytes // unit} {name}"
    return f"{size_bytes} B"


def ratio(ours: list[float], theirs: list[float]) -> Ratio | None:
    """Round by round; None when no round has something to divide by."""
    pairs = [(a, b) for a, b in zip(ours, theirs) if b > 0]
    if not pairs:
        return None
    values = [a / b for a, b in pairs]
    return Ratio(statistics.median(values), min(values), max(values), len(values))


def rendered(*lines: list[str]) -> str:
    """As Markdown."""
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


@dataclass
class Table:
    """One contender against others, in many cases, round after round."""

    name: str  # of its files
    title: str
    columns: Key  # what a case is made of
    unit: str
    ours: str
    others: tuple[str, ...]
    better: str = "more"  # or "less"
    note: str = ""
    # Which cases stand in docs/benchmarks.md; None: all.
    brief: Callable[[Key], bool] | None = None
    figures: dict[Key, dict[str, list[float]]] = field(default_factory=dict)

    def add(self, key: Key, contender: str, value: float) -> None:
        if len(key) != len(self.columns):
            raise ValueError(f"{self.name}: {key} is no case of {self.columns}")
        if contender != self.ours and contender not in self.others:
            raise ValueError(f"{self.name}: {contender} is no contender")
        case = self.figures.setdefault(key, {})
        case.setdefault(contender, []).append(value)

    def median(self, key: Key, contender: str) -> float:
        return statistics.median(self.figures[key][contender])

    def ratio(self, key: Key, other: str) -> Ratio | None:
        case = self.figures[key]
        return ratio(case.get(self.ours, []), case.get(other, []))

    def markdown(self, brief: bool = False) -> str:
        """A line for each case; with many others, for each of them in it."""
        unit = f", {self.unit}" if self.unit else ""
        cases = [key for key in self.figures
                 if not (brief and self.brief and not self.brief(key))]
        if len(self.others) > ABREAST:
            head = [*self.columns, "beside", self.ours + unit, "it" + unit,
                    "ratio"]
            left = len(self.columns) + 1
            rows = [[*key, other, self.absolute(key, self.ours),
                     *self.beside(key, other)]
                    for key in cases for other in self.others]
        else:
            head = [*self.columns, self.ours + unit]
            for other in self.others:
                head += [other + unit, f"{self.ours} / {other}"]
            left = len(self.columns)
            rows = [[*key, self.absolute(key, self.ours),
                     *(cell for other in self.others
                       for cell in self.beside(key, other))] for key in cases]
        rule = ["---"] * left + ["---:"] * (len(head) - left)
        return rendered(head, rule, *rows)

    def beside(self, key: Key, other: str) -> tuple[str, str]:
        return self.absolute(key, other), str(self.ratio(key, other) or "")

    def absolute(self, key: Key, contender: str) -> str:
        """Its median, as far as it was measured."""
        has = contender in self.figures[key]
        return number(self.median(key, contender)) if has else ""

    def write_csv(self, path: Path) -> None:
        with path.open("w", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow([*self.columns, "other", "unit", "ours median",
                             "other median", "ratio median", "ratio least",
                             "ratio most", "rounds"])
            for key in self.figures:
                for other in self.others:
                    of = self.ratio(key, other)
                    if of is not None:
                        writer.writerow([
                            *key, other, self.unit,
                            f"{self.median(key, self.ours):.6g}",
                            f"{self.median(key, other):.6g}",
                            *(f"{value:.4g}"
                              for value in (of.median, of.least, of.most)),
                            of.rounds])

    def lost(self, other: str) -> tuple[int, int]:
        """In how many cases the other one is better, and of how many."""
        ratios = [of.median for key in self.figures
                  if (of := self.ratio(key, other)) is not None]
        worse = [value for value in ratios
                 if (value < 1 if self.better == "more" else value > 1)]
        return len(worse), len(ratios)


@dataclass
class Lineup(Table):
    """A line for each contender: what it reaches, what share that is of what
    the first one (`ours`) reaches, and a figure that says why."""

    reason: Table = field(default_factory=lambda: Table("", "", (), "", "", ()))

    def share(self, key: Key, contender: str) -> Ratio | None:
        case = self.figures[key]
        return ratio(case.get(contender, []), case[self.ours])

    def lines(self) -> Iterator[tuple[Key, str]]:
        """The cases, and who was measured in them."""
        for key, case in self.figures.items():
            for name in (self.ours, *self.others):
                if name in case:
                    yield key, name

    def markdown(self, brief: bool = False) -> str:
        head = [*self.columns, "server", self.unit, f"/ {self.ours}",
                self.reason.unit]
        left = len(self.columns) + 1
        rows = [[*key, name, self.absolute(key, name),
                 "1" if name == self.ours else str(self.share(key, name) or ""),
                 self.reason.absolute(key, name)]
                for key, name in self.lines()
                if not (brief and self.brief and not self.brief(key))]
        rule = ["---"] * left + ["---:"] * (len(head) - left)
        return rendered(head, rule, *rows)

    def write_csv(self, path: Path) -> None:
        with path.open("w", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow([*self.columns, "server", "unit", "median",
                             "share median", "share least", "share most",
                             "rounds", self.reason.unit])
            for key, name in self.lines():
                of = self.share(key, name)
                if of is not None:
                    writer.writerow([
                        *key, name, self.unit, f"{self.median(key, name):.6g}",
                        *(f"{value:.4g}"
                          for value in (of.median, of.least, of.most)),
                        of.rounds, f"{self.reason.median(key, name):.4g}"])
