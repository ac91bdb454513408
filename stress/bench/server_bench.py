"""DIPC's server against Redis, memcached, and the bare loop."""

from __future__ import annotations

import contextlib
import csv
import io
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from figures import Key, Lineup, Table, size_name
from peers import MAILBOXES, Effort, Peer, Place, found, load, processor_s

FIRST_RATE = {1: 30_000, 16: 300_000, 128: 600_000}
OPEN_SHARE = 0.5  # of the slowest one's throughput


@dataclass(frozen=True)
class Case:
    operation: str
    size: int
    clients: int
    pipeline: int
    over: str

    @property
    def key(self) -> Key:
        return (self.over, self.operation, size_name(self.size),
                str(self.clients), str(self.pipeline))


COLUMNS = ("over", "operation", "size", "clients", "pipelining")


def cases(effort: Effort, size: int) -> list[Case]:
    small = size < 1024
    return [Case(operation, size, clients, pipeline, over)
            for over in ("TCP", "Unix")
            for operation in ("SET", "GET")
            for clients in (1, 10, 50, 500)
            for pipeline in (1, 16, 128)
            if effort.whole or small
            or (clients in (1, 50) and pipeline in (1, 16))]


class RedisBenchmark:
    """redis-benchmark counts requests; as many as fit in the time of a run."""

    def __init__(self, run_ms: int) -> None:
        self.program = found("redis-benchmark", "redis-tools")
        self.run_ms = run_ms
        self.rates: dict[tuple[Case, str], float] = {}

    def requests(self, case: Case, peer: Peer) -> int:
        guess = FIRST_RATE[case.pipeline] / (4 if case.size > 1024 else 1)
        rate = self.rates.get((case, peer.name), guess)
        least = 2 * case.clients * case.pipeline
        return max(int(rate * self.run_ms / 1000), least, 1000)

    def run(self, case: Case, peer: Peer) -> float:
        where = (["-s", peer.path] if case.over == "Unix"
                 else ["-h", "127.0.0.1", "-p", str(peer.port)])
        done = subprocess.run(
            [self.program, *where, "-t", case.operation.lower(), "-n",
             str(self.requests(case, peer)), "-c", str(case.clients), "-P",
             str(case.pipeline), "-d", str(case.size), "-r", str(MAILBOXES),
             "--csv"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=120)
        rows = [row for row in csv.DictReader(io.StringIO(done.stdout))
                if row.get("test", "").startswith(case.operation)]
        if done.returncode != 0 or len(rows) != 1:
            raise AssertionError(f"redis-benchmark on {peer.name}, {case}: "
                                 f"{done.stdout} {done.stderr}")
        rate = float(rows[0]["rps"])
        self.rates[case, peer.name] = rate
        return rate


def fill(place: Place, peers: list[Peer], size: int) -> None:
    for peer in peers:
        load(place, peer, peer.protocols[0], value=size, reads=0,
             keys=MAILBOXES, warm_ms=0, for_ms=20)


def by_redis_benchmark(place: Place, effort: Effort) -> Table:
    table = Table(
        "server-redis-benchmark",
        "Requests per second, by redis-benchmark",
        COLUMNS, "1/s", "DIPC", ("Redis", "bare loop"),
        brief=lambda key: key[2] == "64 B" and key[3] in ("1", "50", "500"))
    client = RedisBenchmark(effort.run_ms)
    with place.dipc() as dipc, place.redis() as redis, \
            place.bare(64) as small, place.bare(4096) as large:
        for _ in range(effort.rounds):
            for size, bare in ((64, small), (4096, large)):
                fill(place, [dipc, redis], size)
                for case in cases(effort, size):
                    for peer in (dipc, redis, bare):
                        table.add(case.key, peer.name, client.run(case, peer))
    return table


def by_own_protocol(place: Place, effort: Effort) -> Table:
    """The same requests, half of them writes, to DIPC and the bare loop."""
    table = Table(
        "server-bare-loop",
        "Requests per second, half reads and half writes of 64 B, by our load "
        "generator",
        ("protocol", "over", "clients", "pipelining"), "1/s", "DIPC",
        ("bare loop",))
    with place.dipc() as dipc, place.bare(64) as bare:
        for _ in range(effort.rounds):
            for protocol, over, clients, pipeline in (
                    (protocol, over, clients, pipeline)
                    for protocol in ("dipc", "redis")
                    for over in ("TCP", "Unix")
                    for clients in (1, 50) for pipeline in (1, 16, 128)):
                for peer in (dipc, bare):
                    said = load(place, peer, protocol, over, value=64,
                                connections=clients, pipeline=pipeline,
                                warm_ms=50, for_ms=effort.run_ms)
                    name = "DIPC's" if protocol == "dipc" else "Redis's"
                    table.add((name, over, str(clients), str(pipeline)),
                              peer.name, said["per-second"])
    return table


PERCENTILES = ("p50-us", "p90-us", "p99-us", "p99.9-us", "p99.99-us")


def percentile_name(name: str) -> str:
    return name.removesuffix("-us")


def round_trip(place: Place, effort: Effort) -> Table:
    """One client that waits for each answer."""
    table = Table(
        "server-round-trip",
        "Round trip of one client, half reads and half writes of 64 B",
        ("over", "percentile"), "us", "DIPC",
        ("DIPC in Redis's protocol", "Redis", "bare loop"), "less")
    with place.dipc() as dipc, place.redis() as redis, place.bare(64) as bare:
        for _ in range(effort.rounds):
            for over in ("TCP", "Unix"):
                for name, peer, protocol in (
                        ("DIPC", dipc, "dipc"),
                        ("DIPC in Redis's protocol", dipc, "redis"),
                        ("Redis", redis, "redis"),
                        ("bare loop", bare, "dipc")):
                    said = load(place, peer, protocol, over, value=64,
                                warm_ms=100, for_ms=2 * effort.run_ms)
                    for percentile in PERCENTILES[:3]:
                        table.add((over, percentile_name(percentile)), name,
                                  said[percentile])
    return table


@contextlib.contextmanager
def all_peers(place: Place, size: int = 64) -> Iterator[list[tuple[Peer, str]]]:
    with place.dipc() as dipc, place.redis() as redis, \
            place.memcached(1) as one, place.memcached(2) as two, \
            place.bare(size) as bare:
        yield [(dipc, "dipc"), (redis, "redis"), (one, "memcached"),
               (two, "memcached"), (bare, "dipc")]


OTHERS = ("Redis", "memcached, 1 thread", "memcached, 2 threads", "bare loop")


def each_in_its_own(place: Place, effort: Effort) -> Table:
    """The same load to each, in its own protocol."""
    table = Table(
        "server-peers",
        "Requests per second over TCP, half reads and half writes of 64 B, "
        "each server in its own protocol, by our load generator",
        ("clients", "pipelining"), "1/s", "DIPC", OTHERS)
    with all_peers(place) as peers:
        for _ in range(effort.rounds):
            for clients in (1, 50, 500):
                for pipeline in (1, 16):
                    for peer, protocol in peers:
                        said = load(place, peer, protocol, value=64,
                                    connections=clients, pipeline=pipeline,
                                    warm_ms=50, for_ms=effort.run_ms)
                        table.add((str(clients), str(pipeline)), peer.name,
                                  said["per-second"])
    return table


def processor_time(place: Place, effort: Effort) -> Table:
    """What others do on the machine is not in it."""
    table = Table(
        "server-processor",
        "Processor time of the server for each request over TCP, half reads "
        "and half writes, each server in its own protocol",
        ("size", "clients", "pipelining"), "us", "DIPC", OTHERS, "less")
    for size in (64, 4096):
        with all_peers(place, size) as peers:
            for _ in range(effort.rounds):
                for clients in (1, 50):
                    for pipeline in (1, 16, 128) if size == 64 else (1, 16):
                        for peer, protocol in peers:
                            before = processor_s(peer.process)
                            said = load(place, peer, protocol, value=size,
                                        connections=clients, pipeline=pipeline,
                                        warm_ms=0, for_ms=effort.run_ms)
                            used = processor_s(peer.process) - before
                            table.add((size_name(size), str(clients),
                                       str(pipeline)), peer.name,
                                      used * 1e6 / said["requests"])
    return table


def at_a_rate(place: Place, effort: Effort, clients: int = 50) -> Table:
    """What 50 clients wait when all servers get the same requests, on time."""
    with all_peers(place) as peers:
        rate = int(OPEN_SHARE * min(
            load(place, peer, protocol, value=64, connections=clients,
                 for_ms=effort.run_ms)["per-second"]
            for peer, protocol in peers))
        table = Table(
            "server-latency",
            f"Latency of {clients} clients over TCP that send {rate:,} requests "
            "a second in all, from the moment when a request was due",
            ("percentile",), "us", "DIPC", OTHERS, "less")
        for _ in range(effort.rounds):
            for peer, protocol in peers:
                said = load(place, peer, protocol, value=64, rate=rate,
                            connections=clients, for_ms=5 * effort.run_ms)
                for percentile in PERCENTILES:
                    table.add((percentile_name(percentile),), peer.name,
                              said[percentile])
    return table


def over_few_mailboxes(place: Place, effort: Effort) -> Table:
    """Each mailbox hands its lock over in order; Redis has one thread."""
    table = Table(
        "server-contention",
        "Requests per second of 50 clients over TCP, half reads and half "
        "writes of 64 B in Redis's protocol, to fewer and more mailboxes",
        ("mailboxes", "pipelining"), "1/s", "DIPC", ("Redis",))
    with place.dipc(mailboxes=4096) as dipc, place.redis() as redis:
        for _ in range(effort.rounds):
            for keys in (1, 16, 64, 512, 4096):
                for pipeline in (1, 16, 128):
                    for peer in (dipc, redis):
                        said = load(place, peer, "redis", value=64, keys=keys,
                                    connections=50, pipeline=pipeline,
                                    warm_ms=50, for_ms=effort.run_ms)
                        table.add((f"{keys:,}", str(pipeline)), peer.name,
                                  said["per-second"])
    return table


def threads_and_events(place: Place, effort: Effort) -> Table:
    """The limits of two ways to serve, and those who are built like them."""
    columns = ("over", "clients", "pipelining")
    others = ("DIPC", "bare loop", "bare event loop, 1 thread",
              "bare event loop, 2 threads")
    table = Lineup(
        "server-events",
        "Threads and events: requests per second, half reads and half writes "
        "of 64 B in Redis's protocol, as a share of Redis's, and context "
        "switches of the server",
        columns, "1/s", "Redis", others,
        reason=Table("server-switches", "", columns, "switches a request",
                     "Redis", others, "less"))
    shapes = [(10, 1), (50, 1), (500, 1), (50, 16)]
    if effort.whole:
        shapes += [(10, 16), (500, 16)]
    with place.redis() as redis, place.dipc() as dipc, \
            place.bare(64) as bare, place.bare(64, events=1) as one, \
            place.bare(64, events=2) as two:
        for _ in range(effort.rounds):
            for over in ("TCP", "Unix"):
                for clients, pipeline in shapes:
                    for peer in (redis, dipc, bare, one, two):
                        said = load(place, peer, "redis", over, value=64,
                                    connections=clients, pipeline=pipeline,
                                    warm_ms=30, for_ms=effort.run_ms // 2,
                                    server=peer.process)
                        key = (over, str(clients), str(pipeline))
                        table.add(key, peer.name, said["per-second"])
                        table.reason.add(key, peer.name,
                                         said["switches-per-request"])
    return table


def run(place: Place, effort: Effort) -> Iterator[Table]:
    yield by_own_protocol(place, effort)
    yield processor_time(place, effort)
    yield round_trip(place, effort)
    yield threads_and_events(place, effort)
    yield each_in_its_own(place, effort)
    yield at_a_rate(place, effort)
    yield over_few_mailboxes(place, effort)
    yield by_redis_benchmark(place, effort)
