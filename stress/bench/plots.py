"""Plots of tables, by gnuplot."""

from __future__ import annotations

import shutil
import statistics
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from figures import Key, Lineup, Table

# Colours that stay apart for those who see fewer of them (Okabe and Ito).
COLOURS = ("#000000", "#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00",
           "#56b4e9", "#999999")
POINTS = (7, 5, 9, 13, 11, 4, 6, 8)
PANEL_WIDTH = 620
PANEL_HEIGHT = 380
PLOT_S = 60


def gnuplot(script: str) -> None:
    done = subprocess.run(["gnuplot"], input=script, capture_output=True,
                          text=True, timeout=PLOT_S)
    if done.returncode != 0 or done.stderr.strip():
        raise AssertionError(f"gnuplot: {done.stderr.strip()}")


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def folded(text: str, width: int = 95) -> str:
    """In lines, for a title."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return '"' + r"\n".join(lines).replace('"', r"\"") + '"'


def style(index: int) -> str:
    return (f"lc rgb '{COLOURS[index % len(COLOURS)]}' "
            f"pt {POINTS[index % len(POINTS)]} ps 0.8 lw 1.5")


def head(path: Path, title: str, panels: int) -> str:
    columns = 3 if panels > 3 and panels % 3 == 0 else min(panels, 2)
    rows = -(-panels // columns)
    width = int(PANEL_WIDTH * max(columns, 1.5))
    height = PANEL_HEIGHT * rows + 60
    return (f"set terminal svg size {width},{height} font 'sans-serif,12' "
            f"background 'white' noenhanced\nset output {quoted(str(path))}\n"
            "set grid ytics lc rgb '#dddddd'\nset border 3\n"
            "set tics nomirror\nset logscale y\n"
            f"set multiplot layout {rows},{columns} title {folded(title)}\n")


Rows = list[tuple[int, float, float, float]]  # where, median, least, most


@dataclass
class Panel:
    """One of the diagrams of a plot: lines over named places."""

    title: str
    ylabel: str
    places: list[str]
    lines: dict[str, Rows] = field(default_factory=dict)

    def script(self, number: int, more: str = "") -> str:
        blocks, parts = "", [more] if more else []
        for index, (name, rows) in enumerate(self.lines.items()):
            blocks += f"$d{number}_{index} << e\n" + "".join(
                " ".join(f"{value:.8g}" for value in row) + "\n"
                for row in rows) + "e\n"
            shift = 0.05 * (index - (len(self.lines) - 1) / 2)
            parts.append(f"$d{number}_{index} using ($1+{shift:.3f}):2:3:4 with "
                         f"yerrorlines title {quoted(name)} {style(index)}")
        tics = ", ".join(f"{quoted(place)} {index}"
                         for index, place in enumerate(self.places))
        turned = max(map(len, self.places)) > 7
        least = min(row[2] for rows in self.lines.values() for row in rows)
        return (blocks + f"set title {quoted(self.title)}\n"
                f"set ylabel {quoted(self.ylabel)}\n"
                f"set format y '{'%.0s%c' if least >= 1 else '%g'}'\n"
                f"set xtics {'rotate by -45' if turned else 'norotate'} "
                f"({tics})\nset xrange [-0.5:{len(self.places) - 0.5}]\n"
                "set key outside below horizontal\n"
                f"plot {', '.join(parts)}\n")


def spread(place: int, values: list[float]) -> tuple[int, float, float, float]:
    return place, statistics.median(values), min(values), max(values)


def absolutes(table: Table, path: Path) -> None:
    """All contenders over the last column; a panel for each combination of the
    others."""
    panels: dict[Key, Panel] = {}
    for key, case in table.figures.items():
        title = ", ".join(f"{name} {value}"
                          for name, value in zip(table.columns, key[:-1]))
        panel = panels.setdefault(key[:-1], Panel(
            f"{title} by {table.columns[-1]}".strip(), table.unit, []))
        panel.places.append(key[-1])
        for name, values in case.items():
            if min(values) > 0:  # the axis is a logarithm's
                panel.lines.setdefault(name, []).append(
                    spread(len(panel.places) - 1, values))
    gnuplot(head(path, f"{table.title} ({table.better} is better)", len(panels))
            + "".join(panel.script(number)
                      for number, panel in enumerate(panels.values()))
            + "unset multiplot\n")


def ratios(table: Table, path: Path, last: int) -> None:
    """Ratios over the last columns: a panel for each of the others, a line for
    each combination of the first columns."""
    places = list(dict.fromkeys(" / ".join(key[-last:])
                                for key in table.figures))
    script = ""
    for number, other in enumerate(table.others):
        panel = Panel(f"{table.ours} / {other} by "
                      + " / ".join(table.columns[-last:]), "ratio", places)
        for key in table.figures:
            of = table.ratio(key, other)
            if of is not None:
                panel.lines.setdefault(", ".join(key[:-last]), []).append(
                    (places.index(" / ".join(key[-last:])), of.median, of.least,
                     of.most))
        script += panel.script(number, "1 with lines lc rgb '#888888' dt 2 "
                               "notitle")
    gnuplot(head(path, f"{table.title} ({table.better} is better)",
                 len(table.others)) + script + "unset multiplot\n")


def lineup(table: Lineup, path: Path) -> None:
    """Shares over the last columns, and below them what says why: a panel for
    each value of the first column, a line for each contender."""
    by = " / ".join(table.columns[1:])
    shares: dict[str, Panel] = {}
    reasons: dict[str, Panel] = {}
    for key in table.figures:
        share = shares.setdefault(key[0], Panel(
            f"{key[0]} by {by}",
            f"{table.unit} / {table.ours} ({table.better} is better)", []))
        reason = reasons.setdefault(key[0], Panel(
            f"{key[0]} by {by}",
            f"{table.reason.unit} ({table.reason.better} is better)",
            share.places))
        share.places.append(" / ".join(key[1:]))
        at = len(share.places) - 1
        # Ours, which has no share to show, is last: colours are alike in both.
        for name in (*table.others, table.ours):
            of = table.share(key, name)
            if name != table.ours and of is not None:
                share.lines.setdefault(name, []).append(
                    (at, of.median, of.least, of.most))
            values = table.reason.figures[key].get(name, [])
            if values and min(values) > 0:  # the axis is a logarithm's
                reason.lines.setdefault(name, []).append(spread(at, values))
    one = "1 with lines lc rgb '#888888' dt 2 notitle"
    gnuplot(head(path, table.title, len(shares) + len(reasons))
            + "unset logscale y\nset yrange [0:*]\n"
            + "".join(panel.script(number, one)
                      for number, panel in enumerate(shares.values()))
            + "set logscale y\nset yrange [*:*]\n"
            + "".join(panel.script(number) for number, panel in
                      enumerate(reasons.values(), len(shares)))
            + "unset multiplot\n")


# What is drawn otherwise than as medians over the last column.
RATIOS = {"server-redis-benchmark": 2, "server-bare-loop": 2}


def draw(table: Table, out: Path) -> str:
    """The plot's name; nothing without gnuplot."""
    if shutil.which("gnuplot") is None:
        return ""
    path = out / f"{table.name}.svg"
    if isinstance(table, Lineup):
        lineup(table, path)
    elif table.name in RATIOS:
        ratios(table, path, RATIOS[table.name])
    else:
        absolutes(reordered(table), path)
    return path.name


def reordered(table: Table) -> Table:
    """With the threads, as the x axis, behind the other columns."""
    if table.columns[0] != "threads":
        return table
    turned = Table(table.name, table.title,
                   (*table.columns[1:], table.columns[0]), table.unit,
                   table.ours, table.others, table.better)
    turned.figures = {(*key[1:], key[0]): case
                      for key, case in table.figures.items()}
    return turned
