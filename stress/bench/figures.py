"""Figures of a benchmark: what was measured in turn, as ratios.

Noise of the machine hits whatever runs just then.  So contenders run in turn,
round after round, and a ratio is made of two figures of one round, which were
measured side by side; of the ratios the median counts, and the least and the
most are told.
"""

from __future__ import annotations

import csv
import statistics
from dataclasses import dataclass, field
from pathlib import Path

Key = tuple[str, ...]


@dataclass(frozen=True)
class Ratio:
    """Of all rounds."""

    median: float
    least: float
    most: float
    rounds: int

    def __str__(self) -> str:
        return f"{number(self.median)} ({number(self.least)} to {number(self.most)})"


def number(value: float) -> str:
    """Three digits that count, and no more."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    digits = 2 if abs(value) < 10 else 1
    if abs(value) < 0.1:
        digits = 4
    return f"{value:.{digits}f}"


def ratio(ours: list[float], theirs: list[float]) -> Ratio:
    """Round by round; a round that has only one of them is left out."""
    pairs = [(a, b) for a, b in zip(ours, theirs) if b > 0]
    if not pairs:
        raise ValueError("no round has both figures")
    values = [a / b for a, b in pairs]
    return Ratio(statistics.median(values), min(values), max(values), len(values))


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

    def ratio(self, key: Key, other: str) -> Ratio:
        case = self.figures[key]
        return ratio(case[self.ours], case[other])

    def has(self, key: Key, other: str) -> bool:
        case = self.figures[key]
        return self.ours in case and other in case

    def markdown(self) -> str:
        head = [*self.columns, f"{self.ours}, {self.unit}"]
        for other in self.others:
            head += [f"{other}, {self.unit}", f"{self.ours} / {other}"]
        lines = [head, ["---"] * len(self.columns)
                 + ["---:"] * (len(head) - len(self.columns))]
        for key, case in self.figures.items():
            ours = number(self.median(key, self.ours)) if self.ours in case else ""
            row = [*key, ours]
            for other in self.others:
                row += [number(self.median(key, other)) if other in case else "",
                        str(self.ratio(key, other)) if self.has(key, other) else ""]
            lines.append(row)
        return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"

    def write_csv(self, path: Path) -> None:
        with path.open("w", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow([*self.columns, "other", "unit", "ours median",
                             "other median", "ratio median", "ratio least",
                             "ratio most", "rounds"])
            for key in self.figures:
                for other in self.others:
                    if self.has(key, other):
                        of = self.ratio(key, other)
                        writer.writerow([
                            *key, other, self.unit,
                            f"{self.median(key, self.ours):.6g}",
                            f"{self.median(key, other):.6g}",
                            *(f"{value:.4g}"
                              for value in (of.median, of.least, of.most)),
                            of.rounds])

    def lost(self) -> list[str]:
        """The cases in which the other one is better, in words."""
        found = []
        for key in self.figures:
            for other in self.others:
                if not self.has(key, other):
                    continue
                value = self.ratio(key, other).median
                if (value < 1) == (self.better == "more") and value != 1:
                    found.append(f"{', '.join(key)}: {number(value)} of {other}")
        return found
