"""What a person sees at the end: a table, and plots by gnuplot."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from served import Sample

COLUMNS = (
    ("operations", "operations"),
    ("unknown", "outcome-unknown"),
    ("conflict", "outcome-conflict"),
    ("broken", "breaks"),
    ("refused", "refusals"),
    ("killed", "kills"),
)


@dataclass
class Row:
    """One round of load."""

    name: str
    seconds: float
    figures: dict[str, float]


def add(rows: list[Row], row: Row) -> None:
    """One more round; those of one name are one row, with the counts added up
    and the percentiles of the worst round."""
    for known in rows:
        if known.name == row.name:
            known.seconds += row.seconds
            for key, value in row.figures.items():
                was = known.figures.get(key, 0)
                worst = key.endswith("-us")
                known.figures[key] = max(was, value) if worst else was + value
            return
    rows.append(row)


def table(rows: list[Row]) -> str:
    heads = ["round", *(head for head, _ in COLUMNS), "per s"]
    heads += ["p50 us", "p99 us", "p99.9 us", "max us"]
    lines = [heads]
    for row in rows:
        cells = [row.name]
        cells += [f"{row.figures.get(key, 0):,.0f}" for _, key in COLUMNS]
        cells.append(f"{row.figures['operations'] / max(row.seconds, 0.001):,.0f}")
        for key in ("p50-us", "p99-us", "p99.9-us", "max-us"):
            cells.append(f"{row.figures.get(key, 0):,.0f}")
        lines.append(cells)
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    return "\n".join(
        line[0].ljust(widths[0])
        + "".join(
            "  " + cell.rjust(width)
            for cell, width in zip(line[1:], widths[1:])
        )
        for line in lines
    )


def write_samples(samples: list[Sample], path: Path) -> None:
    first = samples[0].at_s if samples else 0
    with path.open("w") as stream:
        for sample in samples:
            stream.write(
                f"{sample.at_s - first:.2f} {sample.resident_kb / 1024:.2f} "
                f"{sample.descriptors} {sample.threads}\n"
            )


def gnuplot(script: str) -> None:
    done = subprocess.run(
        ["gnuplot"], input=script, capture_output=True, text=True, timeout=120
    )
    if done.returncode != 0 or done.stderr.strip():
        raise AssertionError(f"gnuplot: {done.stderr.strip()}")


def head(path: Path, title: str, height: int = 480) -> str:
    return f"""
set terminal svg size 960,{height} font 'sans-serif,13' background 'white'
set output '{path}'
set title '{title}'
set grid ytics lc rgb '#dddddd'
set key outside right top
set border 3
set tics nomirror
"""


def throughput(rows: list[Row], out: Path) -> None:
    """Operations a second, round after round."""
    parts: list[str] = []
    for name in dict.fromkeys(row.name for row in rows):
        path = out / "seconds" / name
        if path.exists():
            parts.append(
                f"'{path}' using ($1-t0):2 with linespoints "
                f"pt {len(parts) % 13 + 1} ps 0.5 title '{name}'"
            )
    starts = [
        float(line.split()[0])
        for path in (out / "seconds").iterdir()
        for line in path.read_text().splitlines()[:1]
    ]
    if not parts or not starts:
        return
    gnuplot(
        head(out / "throughput.svg", "Throughput")
        + f"t0={min(starts)}\nset xlabel 'seconds'\n"
        + "set ylabel 'operations per second'\nset yrange [0:*]\n"
        + "set format y '%.0s%c'\nplot "
        + ", ".join(parts)
        + "\n"
    )


def latency(rows: list[Row], out: Path) -> None:
    """Percentiles of each round, as points above its name."""
    data = out / "percentiles"
    with data.open("w") as stream:
        for row in rows:
            values = [
                max(row.figures.get(key, 0), 1)
                for key in ("p50-us", "p99-us", "p99.9-us", "max-us")
            ]
            stream.write(
                f'"{row.name}" ' + " ".join(f"{v:.1f}" for v in values) + "\n"
            )
    names = ("median", "99 %", "99.9 %", "longest")
    gnuplot(
        head(out / "latency.svg", "Latency of answered operations, no waits", 560)
        + "set logscale y\nset ylabel 'microseconds'\n"
        + "set xtics rotate by -40\nset offsets 0.5,0.5,0,0\nplot "
        + ", ".join(
            f"'{data}' using 0:{i + 2}:xtic(1) with points pt {7 + 2 * (i % 2)} "
            f"ps 0.8 title '{name}'"
            for i, name in enumerate(names)
        )
        + "\n"
    )


def waits(out: Path) -> None:
    """The longest waits for the lock, by ticket."""
    data = out / "waits"
    if not data.exists():
        return
    mixes = (
        "readers and writers",
        "a flood of readers, one writer",
        "a flood of writers, one reader",
    )
    script = head(out / "waits.svg", "", 900)
    script += "set multiplot layout 3,1\nset logscale y\n"
    script += "set ylabel 'longest wait, us'\nset format x '%.1s%c'\n"
    for i, mix in enumerate(mixes):
        script += (
            f"set title 'Waiting for the lock: {mix}'\n"
            + ("set xlabel 'ticket'\n" if i == 2 else "")
            + f"plot '{data}' index {i} using 1:($2>0?$2:NaN) with points "
            + "pt 7 ps 0.25 title 'to read', "
            + f"'' index {i} using 1:($3>0?$3:NaN) with points pt 7 ps 0.25 "
            + "title 'to write'\n"
        )
    gnuplot(script + "unset multiplot\n")


def soak(out: Path) -> None:
    data = out / "samples"
    if not data.exists():
        return
    gnuplot(
        head(out / "soak.svg", "What one server takes, round after round")
        + "set xlabel 'seconds'\nset ylabel 'resident MB'\nset yrange [0:*]\n"
        + "set y2range [0:*]\nset y2tics\nset y2label 'descriptors, threads'\n"
        + "set border 11\n"
        + f"plot '{data}' using 1:2 with lines lw 2 title 'memory', "
        + "'' using 1:3 axes x1y2 with steps title 'descriptors', "
        + "'' using 1:4 axes x1y2 with steps title 'threads'\n"
    )


def draw(rows: list[Row], out: Path) -> str:
    for old in ("throughput", "latency", "waits", "soak"):
        (out / f"{old}.svg").unlink(missing_ok=True)
    throughput(rows, out)
    latency(rows, out)
    waits(out)
    soak(out)
    found = sorted(
        path.name for path in out.glob("*.svg") if ".history" not in path.name
    )
    return f"{', '.join(found)} in build/stress"
