"""The benchmark suite's own logic: ratios, tables, and what it measures with."""

from __future__ import annotations

import contextlib
import csv
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

from process import machine
from process.case import ProcessCase
from process.main import main
from process.server import until

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "stress" / "bench"))

import figures  # noqa: E402
import peers  # noqa: E402
import plots  # noqa: E402

BUILD = Path("build") / "cc-release"
PROGRAMS = BUILD / "stress" / "bench"
RUN_S = 60
WAYS = (0, 1, 2)  # a thread for each connection, or so many for all
UNREAD = 4000  # requests at once; the answers to them are many megabytes
VALUE = b"x" * 64
SET = (b"*3\r\n$3\r\nSET\r\n$5\r\nkey:3\r\n$64\r\n" + VALUE + b"\r\n")
GET = b"*2\r\n$3\r\nGET\r\n$5\r\nkey:3\r\n"
REQUESTS = (b"w 3 64\n" + VALUE, b"r 3\n", SET, GET)


def table() -> figures.Table:
    """Three rounds of two cases; DIPC is ahead in the first one only."""
    made = figures.Table("name", "Title", ("clients", "over"), "1/s", "DIPC",
                         ("Redis", "bare loop"))
    for ours, redis, bare in ((10, 5, 20), (30, 10, 30), (20, 20, 10)):
        made.add(("1", "TCP"), "DIPC", ours)
        made.add(("1", "TCP"), "Redis", redis)
        made.add(("1", "TCP"), "bare loop", bare)
        made.add(("2", "TCP"), "DIPC", 1)
        made.add(("2", "TCP"), "Redis", 4)
    return made


def lineup() -> figures.Lineup:
    """Two rounds of one case; the third contender has one only."""
    columns = ("over", "clients")
    others = ("DIPC", "third", "absent")
    made = figures.Lineup("name", "Title", columns, "1/s", "Redis", others,
                          reason=figures.Table("", "", columns, "switches",
                                               "Redis", others, "less"))
    for name, rates, switches in (("Redis", (20, 30), (0.5, 0.7)),
                                  ("DIPC", (10, 30), (1, 2)),
                                  ("third", (40,), (0.25,))):
        for rate, switched in zip(rates, switches):
            made.add(("TCP", "50"), name, rate)
            made.reason.add(("TCP", "50"), name, switched)
    return made


class Figures(unittest.TestCase):
    def test_a_ratio_is_of_two_figures_of_one_round(self) -> None:
        of = figures.ratio([10, 30, 20], [5, 10, 20])
        self.assertEqual(of, figures.Ratio(2.0, 1.0, 3.0, 3))
        # Not the ratio of the medians, which is 20 / 10 only by chance:
        of = figures.ratio([10, 100, 1], [1, 50, 2])
        self.assertEqual(of, figures.Ratio(2.0, 0.5, 10.0, 3))

    def test_a_round_with_nothing_to_divide_by_does_not_count(self) -> None:
        self.assertEqual(figures.ratio([1, 2, 3], [0, 4]),
                         figures.Ratio(0.5, 0.5, 0.5, 1))
        self.assertIsNone(figures.ratio([1, 2], [0, 0]))
        self.assertIsNone(figures.ratio([], [1]))

    def test_numbers_have_two_or_three_digits(self) -> None:
        for value, text in ((0, "0"), (1234567.8, "1,234,568"), (123.4, "123"),
                            (12.34, "12.3"), (1.234, "1.23"), (0.1234, "0.12"),
                            (0.01234, "0.012"), (0.0001, "<0.001")):
            self.assertEqual(figures.number(value), text)

    def test_a_table_tells_medians_ratios_and_their_range(self) -> None:
        lines = table().markdown().splitlines()
        self.assertEqual(lines[0], "| clients | over | DIPC, 1/s | Redis, 1/s "
                         "| DIPC / Redis | bare loop, 1/s | DIPC / bare loop |")
        self.assertEqual(lines[1], "| --- | --- | ---: | ---: | ---: | ---: "
                         "| ---: |")
        self.assertEqual(lines[2], "| 1 | TCP | 20.0 | 10.0 | 2.00 (1.00 to "
                         "3.00) | 20.0 | 1.00 (0.50 to 2.00) |")
        self.assertEqual(lines[3], "| 2 | TCP | 1.00 | 4.00 | 0.25 (0.25 to "
                         "0.25) |  |  |")
        self.assertEqual(len(lines), 4)

    def test_a_brief_table_leaves_out_the_other_cases(self) -> None:
        made = table()
        made.brief = lambda key: key[0] == "2"
        lines = made.markdown(brief=True).splitlines()
        self.assertEqual(lines[2:], ["| 2 | TCP | 1.00 | 4.00 | 0.25 (0.25 to "
                                     "0.25) |  |  |"])
        self.assertEqual(len(made.markdown().splitlines()), 4)

    def test_many_others_have_lines_instead_of_columns(self) -> None:
        made = table()
        made.others += ("third", "fourth")
        made.add(("1", "TCP"), "fourth", 40)
        lines = made.markdown().splitlines()
        self.assertEqual(lines[0], "| clients | over | beside | DIPC, 1/s | "
                         "it, 1/s | ratio |")
        self.assertEqual(lines[1], "| --- | --- | --- | ---: | ---: | ---: |")
        self.assertEqual(lines[2], "| 1 | TCP | Redis | 20.0 | 10.0 | 2.00 "
                         "(1.00 to 3.00) |")
        self.assertEqual(lines[5], "| 1 | TCP | fourth | 20.0 | 40.0 | 0.25 "
                         "(0.25 to 0.25) |")
        self.assertEqual(len(lines), 2 + 2 * 4)

    def test_the_csv_has_a_line_for_each_ratio(self) -> None:
        with tempfile.NamedTemporaryFile(suffix=".csv") as file:
            table().write_csv(Path(file.name))
            with open(file.name) as stream:
                rows = list(csv.DictReader(stream))
        self.assertEqual([(row["clients"], row["other"], row["ours median"],
                           row["other median"], row["ratio median"],
                           row["ratio least"], row["ratio most"],
                           row["rounds"]) for row in rows],
                         [("1", "Redis", "20", "10", "2", "1", "3", "3"),
                          ("1", "bare loop", "20", "20", "1", "0.5", "2", "3"),
                          ("2", "Redis", "1", "4", "0.25", "0.25", "0.25",
                           "3")])

    def test_a_lineup_tells_shares_and_their_reason(self) -> None:
        lines = lineup().markdown().splitlines()
        self.assertEqual(lines, [
            "| over | clients | server | 1/s | / Redis | switches |",
            "| --- | --- | --- | ---: | ---: | ---: |",
            "| TCP | 50 | Redis | 25.0 | 1 | 0.60 |",
            "| TCP | 50 | DIPC | 20.0 | 0.75 (0.50 to 1.00) | 1.50 |",
            "| TCP | 50 | third | 40.0 | 2.00 (2.00 to 2.00) | 0.25 |"])
        with tempfile.NamedTemporaryFile(suffix=".csv") as file:
            lineup().write_csv(Path(file.name))
            with open(file.name) as stream:
                rows = list(csv.DictReader(stream))
        self.assertEqual([(row["server"], row["median"], row["share median"],
                           row["share least"], row["rounds"], row["switches"])
                          for row in rows],
                         [("Redis", "25", "1", "1", "2", "0.6"),
                          ("DIPC", "20", "0.75", "0.5", "2", "1.5"),
                          ("third", "40", "2", "2", "1", "0.25")])

    def test_losses_are_counted_by_what_is_better(self) -> None:
        made = table()
        self.assertEqual(made.lost("Redis"), (1, 2))
        self.assertEqual(made.lost("bare loop"), (0, 1))
        made.better = "less"
        self.assertEqual(made.lost("Redis"), (1, 2))
        made.add(("3", "TCP"), "DIPC", 2)
        made.add(("3", "TCP"), "Redis", 1)
        self.assertEqual(made.lost("Redis"), (2, 3))

    def test_a_figure_of_nobody_or_of_no_case_is_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "no contender"):
            table().add(("1", "TCP"), "nobody", 1)
        with self.assertRaisesRegex(ValueError, "no case"):
            table().add(("1",), "Redis", 1)

    def test_all_kinds_of_plot_show_every_contender(self) -> None:
        machine.need_command("gnuplot")
        with tempfile.TemporaryDirectory(prefix="dipc-test-") as directory:
            path = Path(directory) / "plot.svg"
            plots.absolutes(table(), path)
            whole = path.read_text()
            for word in ("DIPC", "Redis", "bare loop", "clients 1", "Title"):
                self.assertIn(word, whole)
            plots.ratios(table(), path, 1)
            whole = path.read_text()
            for word in ("DIPC / Redis", "DIPC / bare loop", "TCP"):
                self.assertIn(word, whole)
            made = lineup()
            plots.lineup(made, path)
            whole = path.read_text()
            for word in ("TCP by clients", "1/s / Redis (more is better)",
                         "switches (less is better)", "third", "DIPC"):
                self.assertIn(word, whole)


class Stalling:
    """A server of DIPC's protocol that stands still once for half of a span."""

    def __init__(self, at: int, span_s: float) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.at = at
        self.span_s = span_s
        self.stalled_s = 0.0
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self) -> None:
        with self.listener, self.listener.accept()[0] as client, \
                client.makefile("rwb", buffering=0) as stream:
            served = 0
            while line := stream.readline():
                if line.startswith(b"w"):
                    stream.read(int(line.split()[2]))
                stream.write(b"ok 0 version=1 size=64\n")
                served += 1
                if served == self.at:
                    began = time.monotonic()
                    time.sleep(self.span_s)
                    self.stalled_s = time.monotonic() - began


def answered(port: int, *pieces: bytes) -> bytes:
    """All that a server sends, when nothing is read before all is sent."""
    with socket.create_connection(("127.0.0.1", port), 10) as one:
        for piece in pieces:
            one.sendall(piece)
        one.shutdown(socket.SHUT_WR)
        with one.makefile("rb") as stream:
            return stream.read()


class Programs(ProcessCase):
    @classmethod
    def setUpClass(cls) -> None:
        machine.need_command("make")
        machine.need_plain_build("is not what one measures")
        environment = {name: value for name, value in os.environ.items()
                       if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
        subprocess.run(
            ["make", "-s", "CC=cc", "VARIANT=release",
             *(str(PROGRAMS / name) for name in ("load", "bare_loop"))],
            cwd=TOP, env=environment, stdout=subprocess.DEVNULL, timeout=240,
            check=True)

    def load(self, *options: str) -> tuple[int, dict[str, float], str]:
        done = subprocess.run([TOP / PROGRAMS / "load", *options], text=True,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=RUN_S)
        lines = (line.split() for line in done.stdout.splitlines())
        return (done.returncode, {name: float(value) for name, value in lines},
                done.stderr)

    def loads(self, *options: str) -> dict[str, float]:
        status, said, errors = self.load("--for-ms", "300", *options)
        self.assertEqual(status, 0, errors)
        self.assertGreater(said["requests"], 0)
        self.assertEqual(said["errors"], 0)
        spans = [said[name] for name in
                 ("least-us", "p50-us", "p90-us", "p99-us", "p99.9-us",
                  "p99.99-us", "max-us")]
        self.assertEqual(spans, sorted(spans))
        self.assertGreater(spans[0], 0)
        return said

    def test_the_load_is_answered_in_every_protocol(self) -> None:
        path = str(self.directory / "socket")
        server = self.dipc("--unix", path, mailboxes=64)
        shapes = (("--pipeline", "1"),
                  ("--pipeline", "128", "--connections", "9", "--threads", "2"),
                  ("--value", "4096", "--pipeline", "16"),
                  ("--value", "1", "--connections", "3"),
                  ("--rate", "2000", "--connections", "7"))
        for shape in shapes:
            for where in (f"127.0.0.1:{server.port}", path):
                for protocol in ("dipc", "redis"):
                    with self.subTest(shape=shape, where=where,
                                      protocol=protocol):
                        self.loads("--protocol", protocol, *shape, where)

    def test_memcached_is_spoken_to_in_its_own_words(self) -> None:
        machine.need_command("memcached")
        with peers.Place(BUILD) as place, place.memcached(1) as peer:
            for shape in (("--pipeline", "16"), ("--value", "4096")):
                self.loads("--protocol", "memcached", *shape,
                           peer.address("TCP"))

    def test_the_load_tells_the_context_switches_of_a_server(self) -> None:
        with peers.Place(BUILD) as place, place.bare(64) as peer:
            said = self.loads("--server", str(peer.process), "--connections",
                              "3", peer.address("TCP"))
            # It waits for each request, but when the next one is there already.
            self.assertGreater(said["switches-per-request"], 0)
            self.assertNotIn("switches-per-request",
                             self.loads(peer.address("TCP")))
            status, _, errors = self.load("--server", str(2**31 - 1),
                                          peer.address("TCP"))
            self.assertEqual(status, 1)
            self.assertIn("context switches: No such file", errors)

    def test_the_bare_loop_answers_all_that_it_is_sent(self) -> None:
        for events in WAYS:
            with self.subTest(events=events), peers.Place(BUILD) as place, \
                    place.bare(4096, events) as peer:
                for protocol in ("dipc", "redis"):
                    for over in ("TCP", "Unix"):
                        self.loads("--protocol", protocol, "--value", "4096",
                                   "--pipeline", "64", "--connections", "5",
                                   peer.address(over))

    def test_answers_of_the_bare_loop_are_as_long_as_dipcs(self) -> None:
        """But for the version's digits."""
        server = self.dipc(mailboxes=64)
        for events in WAYS:
            with self.subTest(events=events), peers.Place(BUILD) as place, \
                    place.bare(64, events) as peer:
                for request in REQUESTS:
                    answers = [answered(port, request[:7], request[7:] + request)
                               for port in (server.port, peer.port)]
                    lengths = [len(answer) for answer in answers]
                    self.assertGreater(lengths[0], 0)
                    self.assertLessEqual(abs(lengths[0] - lengths[1]), 2 * 5,
                                         (request, answers))

    def test_the_bare_loop_finds_the_end_of_a_request_in_two_pieces(
            self) -> None:
        """Cut at every byte: the answer to a whole one before it shows that
        the first piece has arrived."""
        for events in WAYS:
            with self.subTest(events=events), peers.Place(BUILD) as place, \
                    place.bare(64, events) as peer:
                for request in REQUESTS:
                    answer = answered(peer.port, request)
                    with socket.create_connection(
                            ("127.0.0.1", peer.port), 10) as one, \
                            one.makefile("rb") as stream:
                        for cut in range(1, len(request)):
                            one.sendall(request + request[:cut])
                            self.assertEqual(stream.read(len(answer)), answer)
                            one.sendall(request[cut:])
                            self.assertEqual(stream.read(len(answer)), answer)

    def test_the_bare_loop_waits_for_a_client_that_does_not_read(self) -> None:
        """Its answers fill all buffers, and none is lost; nothing comes from
        the client that would wake it up."""
        for events in WAYS:
            with self.subTest(events=events), peers.Place(BUILD) as place, \
                    place.bare(4096, events) as peer:
                for request in (b"r 3\n", GET):
                    answer = answered(peer.port, request)
                    self.assertGreater(len(answer), 4096)
                    with socket.create_connection(
                            ("127.0.0.1", peer.port), 10) as one, \
                            one.makefile("rb") as stream:
                        one.sendall(request * UNREAD)
                        for _ in range(UNREAD):
                            self.assertEqual(stream.read(len(answer)), answer)

    def test_the_bare_loop_gives_connections_to_its_threads_in_turn(
            self) -> None:
        with peers.Place(BUILD) as place, place.bare(64, 2) as peer, \
                contextlib.ExitStack() as stack:
            tasks = Path(f"/proc/{peer.process}/task")
            ones = [stack.enter_context(socket.create_connection(
                        ("127.0.0.1", peer.port), 10)) for _ in range(4)]
            answer = answered(peer.port, b"r 3\n")

            def both_were_woken() -> bool:
                for one in ones:
                    one.sendall(b"r 3\n")
                    self.assertEqual(one.recv(len(answer), socket.MSG_WAITALL),
                                     answer)
                waits = [re.search(r"^voluntary_ctxt_switches:\s*(\d+)",
                                   (task / "status").read_text(), re.M)
                         for task in tasks.iterdir()
                         if task.name != str(peer.process)]
                return [found is not None and int(found[1]) > 1
                        for found in waits] == [True, True]

            until(both_were_woken, "both of two threads serve")

    def test_the_bare_loop_ends_with_its_input(self) -> None:
        """Whoever started it, and is connected still."""
        for events in WAYS:
            how = ["--events", str(events)] if events else []
            with self.subTest(events=events), subprocess.Popen(
                    [TOP / PROGRAMS / "bare_loop", *how], text=True,
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE) as process:
                assert process.stdout and process.stdin and process.stderr
                port = int(process.stdout.readline())
                with socket.create_connection(("127.0.0.1", port), 10) as one:
                    one.sendall(b"r 3\n")
                    self.assertEqual(one.recv(3), b"ok ")
                    process.stdin.close()
                    self.assertEqual(process.wait(RUN_S), 0)
                    self.assertEqual(process.stderr.read(), "")

    def test_wrong_arguments_of_the_bare_loop_are_told(self) -> None:
        for options, words in (
                (("--events", "0"), "--events 0 is not one of 1 to 16"),
                (("--events", "17"), "--events 17 is not one of 1 to 16"),
                (("--events", "two"), "--events two is not one of 1 to 16"),
                (("--value", "65537"), "--value 65537 is not one of 0 to"),
                (("--events",), "usage"), (("--loops", "1"), "usage")):
            done = subprocess.run([TOP / PROGRAMS / "bare_loop", *options],
                                  text=True, stdin=subprocess.DEVNULL,
                                  capture_output=True, timeout=RUN_S)
            self.assertEqual(done.returncode, 2, options)
            self.assertIn(words, done.stderr)

    def test_an_error_is_no_answer(self) -> None:
        server = self.dipc(mailboxes=2, packet_kb=1)
        status, said, _ = self.load("--keys", "4", "--for-ms", "300",
                                    f"127.0.0.1:{server.port}")
        self.assertEqual(status, 1)
        self.assertGreater(said["errors"], 0)
        self.assertLess(said["errors"], said["requests"])

    def test_a_server_that_stands_still_is_charged_with_what_was_due(
            self) -> None:
        stalling = Stalling(200, 0.5)
        self.addCleanup(stalling.thread.join, RUN_S)
        said = self.loads("--rate", "1000", "--warm-ms", "0", "--for-ms",
                          "1000", "--keys", "1", f"127.0.0.1:{stalling.port}")
        stalling.thread.join(RUN_S)
        self.assertGreaterEqual(stalling.stalled_s, 0.5)
        # All that was due was sent, and counts from when it was due.
        self.assertGreaterEqual(said["requests"], 999)
        self.assertGreaterEqual(said["p90-us"], stalling.stalled_s / 2 * 1e6)

    def test_wrong_arguments_are_told(self) -> None:
        for options, words in (
                (("--connections", "0", "x:1"), "0 is not one of 1 to 20000"),
                (("--protocol", "http", "x:1"), "not one of dipc, redis"),
                (("--server", "0", "x:1"), "0 is not one of 1 to"),
                (("--threads", "2", "x:1"), "usage"), ((), "usage")):
            status, _, errors = self.load(*options)
            self.assertEqual(status, 2, errors)
            self.assertIn(words, errors)
        status, _, errors = self.load("nowhere")
        self.assertEqual(status, 1)
        self.assertIn("HOST:PORT", errors)

    def test_a_part_that_does_not_exist_is_refused(self) -> None:
        run = [sys.executable, str(TOP / "stress" / "bench" / "run")]
        for options, how, words in (
                ((str(BUILD), "nonsense"), "", "server, lock, mailbox, scale"),
                ((str(BUILD), "--rounds", "0", "mailbox"), "", "--rounds"),
                ((str(BUILD), "mailbox"), "long", "default, full")):
            done = subprocess.run([*run, *options], text=True,
                                  stdin=subprocess.DEVNULL, timeout=RUN_S,
                                  capture_output=True,
                                  env=os.environ | {"BENCH": how})
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    main()
