#!/usr/bin/env python3
"""Make every call that can fail fail, at each of its occurrences.

usage: campaign.py [--quick] [--seed N] [--only SCENARIO[:CALL]] BUILDDIR
       campaign.py --plan "SCENARIO MODE..." BUILDDIR    one run, as it is named

For each scenario, each call and each error the first occurrence fails, then the
second, and so on, until a run has come to its end without a fault.  Two more
runs of each scenario move one byte at a time and interrupt every call that can
wait.  With --quick a sample is taken, for as long as a minute lasts.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import dataclasses
import errno
import json
import os
import random
import socket
import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from conversation import Problem  # noqa: E402
from scenarios import SCENARIOS, Place  # noqa: E402

CALLS = Path(__file__).with_name("calls")
FOUND = Path(__file__).with_name("found")
OCCURRENCES_MAX = 2000
QUICK_S = 45.0
REPORT = Path("build/report")
WORKERS = 2
BATCH = 8
MODES = ("short", "interrupt")

# Below those that the kernel gives away by itself.
FIRST_PORT = 20000


def read_calls() -> dict[str, list[str]]:
    """The errors of each call that is made to fail."""
    calls = {}
    for line in CALLS.read_text().splitlines():
        name, _, rest = line.partition(" ")
        if name and not name.startswith("#") and "exempt:" not in rest:
            calls[name] = rest.split()
    return calls


def read_found() -> list[list[str]]:
    """What once went wrong: scenario, then call and error, or mode."""
    lines = FOUND.read_text().splitlines()
    return [line.split() for line in lines if not line.startswith("#")]


def number_of(error: str) -> int:
    if error.startswith("EAI_"):
        return int(getattr(socket, error))
    return int(getattr(errno, error))


@dataclasses.dataclass
class Outcome:
    """What came of one run."""

    scenario: str
    faults: str
    injected: int
    problem: str | None

    @property
    def call(self) -> str:
        """The call that failed, or the mode."""
        words = self.faults.split()
        return words[1] if len(words) > 1 else words[0]


place: Place  # each worker process has one


def begin_worker(build: Path) -> None:
    global place
    place = Place(build, FIRST_PORT + os.getpid() % 10000)


def run_once(scenario: str, faults: str) -> Outcome:
    """One run of a scenario; what it left is gone after it."""
    problem = None
    try:
        SCENARIOS[scenario](place, faults)
        place.judge_sanitizers()
    except Problem as error:
        problem = str(error)
    except Exception:  # of this program's own
        problem = traceback.format_exc()
    place.kill_all()
    if problem is not None:
        problem += "\nthe server's log:\n" + place.log()[-2000:]
        for log in place.top.glob("sanitizer*"):
            problem += log.read_text(errors="replace")
    injected = len(place.injected())
    place.clean()
    return Outcome(scenario, faults, injected, problem)


def count(scenario: str) -> collections.Counter[str]:
    """How often the scenario makes each call."""
    try:
        SCENARIOS[scenario](place, "count")
        return collections.Counter(place.injected())
    finally:
        place.kill_all()
        place.clean()


def run_every(scenario: str, call: str, error: str) -> list[Outcome]:
    """Each occurrence of a call, until none is left."""
    outcomes = []
    for nth in range(1, OCCURRENCES_MAX):
        faults = f"fail {call} {nth} {number_of(error)}"
        outcome = run_once(scenario, faults)
        outcomes.append(outcome)
        if outcome.injected == 0:
            return outcomes
    raise AssertionError(f"{scenario}: there is no end of {call}")


def is_wanted(scenario: str, call: str, only: str) -> bool:
    wanted_scenario, _, wanted_call = only.partition(":")
    return wanted_scenario in ("", scenario) and wanted_call in ("", call)


class Campaign:
    """All runs, and what came of them."""

    def __init__(self, workers: concurrent.futures.Executor) -> None:
        self.workers = workers
        self.survived: collections.Counter[str] = collections.Counter()
        self.failed: list[Outcome] = []
        self.began = time.monotonic()

    def add(self, outcome: Outcome) -> None:
        if outcome.problem is not None:
            self.failed.append(outcome)
            print(f"FAILED {outcome.scenario}, {outcome.faults}:")
            print("  " + outcome.problem.replace("\n", "\n  "), flush=True)
        elif outcome.injected or " " not in outcome.faults:
            self.survived[outcome.call] += 1

    def counts(self, only: str) -> dict[str, collections.Counter[str]]:
        names = [name for name in SCENARIOS if is_wanted(name, "", only) or
                 only.startswith(name + ":")]
        return dict(zip(names, self.workers.map(count, names)))

    def whole_runs(self, names: list[str]) -> None:
        """One byte at a time, and interrupted wherever that can be."""
        runs = [(name, mode) for name in names for mode in MODES]
        for outcome in self.workers.map(run_once, *zip(*runs)):
            self.add(outcome)

    def found(self) -> None:
        """What once went wrong, at every occurrence."""
        units = [
            self.workers.submit(run_every, *words)
            for words in read_found()
            if len(words) == 3
        ]
        for unit in units:
            for outcome in unit.result():
                self.add(outcome)

    def every(self, only: str) -> None:
        errors = read_calls()
        counts = self.counts(only)
        units = [
            self.workers.submit(run_every, scenario, call, error)
            for scenario, counted in counts.items()
            for call in sorted(counted)
            for error in errors[call]
            if is_wanted(scenario, call, only)
        ]
        for unit in concurrent.futures.as_completed(units):
            for outcome in unit.result():
                self.add(outcome)

    def sample(self, seed: int, seconds: float) -> None:
        errors = read_calls()
        dice = random.Random(seed)
        pairs = [
            (scenario, call, times)
            for scenario, counted in self.counts("").items()
            for call, times in sorted(counted.items())
        ]
        while time.monotonic() - self.began < seconds:
            runs = []
            for _ in range(BATCH):
                scenario, call, times = dice.choice(pairs)
                error = number_of(dice.choice(errors[call]))
                nth = dice.randint(1, times)
                runs.append((scenario, f"fail {call} {nth} {error}"))
            for outcome in self.workers.map(run_once, *zip(*runs)):
                self.add(outcome)

    def conclude(self, figures: dict[str, object]) -> int:
        """Tell the counts, and leave them for the report."""
        survived = self.survived.total()
        seconds = time.monotonic() - self.began
        for call, times in sorted(self.survived.items()):
            print(f"  {call:28}{times:6}")
        print(
            f"{survived + len(self.failed)} faults injected in"
            f" {len(self.survived)} calls, {survived} survived,"
            f" {seconds:.0f} s"
        )
        gate = "faults-quick" if figures["form"] == "quick" else "faults"
        REPORT.mkdir(parents=True, exist_ok=True)
        (REPORT / f"{gate}.json").write_text(
            json.dumps(
                {
                    "gate": gate,
                    "passed": survived,
                    "failed": len(self.failed),
                    "figures": figures
                    | {
                        "calls": len(self.survived),
                        "seconds": round(seconds),
                    },
                }
            )
        )
        print(f"{survived} passed, {len(self.failed)} failed")
        return 0 if survived and not self.failed else 1


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--seconds", type=float, default=QUICK_S)
    parser.add_argument("--only", default="")
    parser.add_argument("--plan", default="")
    parser.add_argument("build", type=Path)
    given = parser.parse_args()
    seed = given.seed
    if seed is None:
        seed = random.SystemRandom().randrange(1 << 32)
    if given.quick:
        print(f"a sample, --seed {seed}", flush=True)
    with concurrent.futures.ProcessPoolExecutor(
        WORKERS, initializer=begin_worker, initargs=(given.build.absolute(),)
    ) as workers:
        campaign = Campaign(workers)
        if given.quick:
            campaign.whole_runs(list(SCENARIOS))
            campaign.found()
            campaign.sample(seed, given.seconds)
            return campaign.conclude({"form": "quick", "seed": seed})
        if given.plan:
            scenario, _, faults = given.plan.partition(" ")
            campaign.add(workers.submit(run_once, scenario, faults).result())
            return campaign.conclude({"form": "plan"})
        if ":" not in given.only:
            campaign.whole_runs([given.only] if given.only else list(SCENARIOS))
        campaign.every(given.only)
        return campaign.conclude({"form": "full"})


if __name__ == "__main__":
    sys.exit(main())
