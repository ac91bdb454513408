#!/usr/bin/env python3
"""Make every call that can fail fail, at each of its occurrences.

usage: campaign.py [--quick] [--seed N] [--only SCENARIO[:CALL]] BUILDDIR
       campaign.py --plan "SCENARIO MODE..." BUILDDIR    one run, as it is named

For each scenario, each call and each error the first occurrence fails, then the
second, and so on, until a run has come to its end without a fault.  Two more
runs of each scenario move one byte at a time and interrupt every call that can
wait.  With --quick each occurrence fails with one error, drawn from the call's.
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
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from conversation import Problem  # noqa: E402
from scenarios import SCENARIOS, Place  # noqa: E402

CALLS = Path(__file__).with_name("calls")
FOUND = Path(__file__).with_name("found")
OCCURRENCES_MAX = 2000
REPORT = Path("build/report")
WORKERS = 2 * (os.cpu_count() or 1)  # much of a run is waiting
MODES = ("short", "interrupt")

# Below those that the kernel gives away by itself.
FIRST_PORT = 20000
PORTS = 10000


def read_calls() -> dict[str, list[str]]:
    """The errors of each call that is made to fail."""
    calls = {}
    for line in CALLS.read_text().splitlines():
        name, _, rest = line.partition(" ")
        if name and not name.startswith("#") and "exempt:" not in rest:
            calls[name] = rest.split()
    return calls


def read_found() -> list[list[str]]:
    """What once went wrong: scenario, call and error (modes are run anyway)."""
    lines = FOUND.read_text().splitlines()
    words = [line.split() for line in lines if not line.startswith("#")]
    return [each for each in words if len(each) == 3]


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


def begin_worker(build: Path, top: Path) -> None:
    global place
    place = Place(build, top, FIRST_PORT + os.getpid() % PORTS)


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


def run_every(scenario: str, call: str, errors: list[str]) -> list[Outcome]:
    """Each occurrence of a call, until none is left; the errors by turns."""
    outcomes = []
    for nth in range(1, OCCURRENCES_MAX):
        error = number_of(errors[nth % len(errors)])
        outcome = run_once(scenario, f"fail {call} {nth} {error}")
        outcomes.append(outcome)
        if outcome.injected == 0:
            return outcomes
    raise AssertionError(f"{scenario}: there is no end of {call}")


def is_wanted(scenario: str, call: str, only: str) -> bool:
    wanted_scenario, _, wanted_call = only.partition(":")
    return wanted_scenario in ("", scenario) and wanted_call in ("", call)


Unit = concurrent.futures.Future[list[Outcome]]


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

    def take(self, units: list[Unit]) -> None:
        """Wait for every one, and tell how far it is."""
        told = 0
        for done, unit in enumerate(concurrent.futures.as_completed(units), 1):
            for outcome in unit.result():
                self.add(outcome)
            if done * 10 // len(units) > told:
                told = done * 10 // len(units)
                print(f"  {told}0 %, {self.survived.total()} survived", flush=True)

    def found(self) -> None:
        """What once went wrong, at every occurrence."""
        self.take(
            [
                self.workers.submit(run_every, scenario, call, [error])
                for scenario, call, error in read_found()
            ]
        )

    def every(self, only: str, dice: random.Random | None) -> None:
        """Each call with each error, or with errors that are drawn."""
        errors = read_calls()
        units = []
        for scenario, counted in self.counts(only).items():
            for call in sorted(counted):
                if not is_wanted(scenario, call, only):
                    continue
                each = [[error] for error in errors[call]]
                if dice:
                    each = [dice.sample(errors[call], len(errors[call]))]
                for drawn in each:
                    units.append(
                        self.workers.submit(run_every, scenario, call, drawn)
                    )
        self.take(units)

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
                        "faults injected": survived + len(self.failed),
                        "faults survived": survived,
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
    parser.add_argument("--only", default="")
    parser.add_argument("--plan", default="")
    parser.add_argument("build", type=Path)
    given = parser.parse_args()
    seed = given.seed
    if seed is None:
        seed = random.SystemRandom().randrange(1 << 32)
    if given.quick:
        print(f"errors drawn by --seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(
        prefix="dipc-faults-"
    ) as top, concurrent.futures.ProcessPoolExecutor(
        WORKERS,
        initializer=begin_worker,
        initargs=(given.build.absolute(), Path(top)),
    ) as workers:
        campaign = Campaign(workers)
        if given.quick:
            campaign.whole_runs(list(SCENARIOS))
            campaign.found()
            campaign.every(given.only, random.Random(seed))
            return campaign.conclude({"form": "quick", "seed": seed})
        if given.plan:
            scenario, _, faults = given.plan.partition(" ")
            campaign.add(workers.submit(run_once, scenario, faults).result())
            return campaign.conclude({"form": "plan"})
        if ":" not in given.only:
            campaign.whole_runs([given.only] if given.only else list(SCENARIOS))
        campaign.every(given.only, None)
        return campaign.conclude({"form": "full"})


if __name__ == "__main__":
    sys.exit(main())
