"""The ways in which a mutant differs from the source.

Each operator yields changes: a list of (begin, end, replacement) of the text,
within one function.  An assertion is never changed: it is a check, and a
mutant without one proves nothing about the others.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from source import Function, Source, Statement, walk

Edit = tuple[int, int, str]

COMPARISONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=",
               "!=": "=="}
LOGIC = {"&&": "||", "||": "&&"}
ARITHMETIC = {"+": "-", "-": "+", "++": "--", "--": "++", "+=": "-=",
              "-=": "+=", "/": "*", "*": "/"}
WAKING = {"pthread_cond_signal": "pthread_cond_broadcast",
          "pthread_cond_broadcast": "pthread_cond_signal"}
LOCKING = {"guard_lock", "enter", "pthread_mutex_lock"}
UNLOCKING = {"guard_unlock", "leave", "pthread_mutex_unlock",
             "rwlock_unlock"}
ORDERED = {"atomic_load": 1, "atomic_store": 2, "atomic_exchange": 2,
           "atomic_fetch_add": 2, "atomic_fetch_sub": 2}
ORDERS = {"memory_order_acquire", "memory_order_release",
          "memory_order_acq_rel", "memory_order_seq_cst"}


@dataclass(frozen=True)
class Mutant:
    """One change of one file.  `name` counts within a line and an operator,
    `key` within a function and an operator, so that it outlives edits
    elsewhere in the file."""

    file: str
    line: int
    operator: str
    name: str
    key: str
    what: str
    edits: tuple[Edit, ...]
    origin: str = ""

    def apply(self, text: str) -> str:
        for begin, end, replacement in sorted(self.edits, reverse=True):
            text = text[:begin] + replacement + text[end:]
        return text


def in_assert(source: Source, function: Function) -> set[int]:
    """The tokens of all assertions of a function."""
    inside: set[int] = set()
    for index in range(function.body.first, function.body.last):
        if source.tokens[index].text == "assert" and \
                source.is_mark(index + 1, "("):
            inside |= set(range(index, source.partner[index + 1] + 1))
    return inside


def value_of(number: str) -> int:
    digits = number.rstrip("uUlL")
    octal = digits.startswith("0") and digits.isdigit()
    return int(digits, 8 if octal else 0)


def replace(source: Source, index: int, text: str) -> tuple[Edit, ...]:
    token = source.tokens[index]
    return ((token.begin, token.end, text),)


def is_binary(source: Source, index: int) -> bool:
    before = source.tokens[index - 1]
    return before.kind in ("name", "number") and before.text != "return" or \
        before.text in (")", "]")


def is_cast_or_pointer(source: Source, index: int) -> bool:
    """A star that is no product: after a type, or before a bracket's end."""
    before = source.tokens[index - 1].text
    after = source.tokens[index + 1].text
    return after in (")", "*", ",", "=") or before in (")", "*") or \
        before.endswith("_t") or \
        source.tokens[index - 2].text in ("struct", "enum", "const") or \
        before in ("void", "char", "int", "const")


def replaced_tokens(source: Source, function: Function
                    ) -> Iterator[tuple[str, int, tuple[Edit, ...]]]:
    """Operators that replace one token by another."""
    asserted = in_assert(source, function)
    for index in range(function.body.first, function.body.last + 1):
        token = source.tokens[index]
        if index in asserted:
            continue
        if token.kind == "number":
            value = value_of(token.text)
            for other in (value + 1, value - 1):
                if other >= 0:
                    yield "constant", index, replace(source, index, str(other))
        elif token.kind == "mark":
            if token.text in COMPARISONS:
                yield "compare", index, replace(source, index,
                                                COMPARISONS[token.text])
            elif token.text in LOGIC:
                yield "logic", index, replace(source, index,
                                              LOGIC[token.text])
            elif token.text in ARITHMETIC and is_binary(source, index) and \
                    not (token.text == "*"
                         and is_cast_or_pointer(source, index)):
                yield "arithmetic", index, replace(source, index,
                                                   ARITHMETIC[token.text])
            elif token.text == "[":
                close = source.partner[index]
                yield "index", index, (
                    (token.end, token.end, "("),
                    (source.tokens[close].begin, source.tokens[close].begin,
                     ") + 1"))
        elif token.kind == "name":
            if token.text in WAKING:
                yield "waking", index, replace(source, index,
                                               WAKING[token.text])
            elif token.text in ("true", "false"):
                yield "constant", index, replace(
                    source, index, "false" if token.text == "true" else "true")
            elif token.text in ORDERS:
                yield "order", index, replace(source, index,
                                              "memory_order_relaxed")
            elif token.text in ORDERED and source.is_mark(index + 1, "("):
                close = source.tokens[source.partner[index + 1]]
                yield "order", index, (
                    (token.end, token.end, "_explicit"),
                    (close.begin, close.begin, ", memory_order_relaxed"))


def negated_conditions(source: Source, function: Function
                       ) -> Iterator[tuple[str, int, tuple[Edit, ...]]]:
    for statement in walk(function.body):
        if statement.kind in ("if", "while") and statement.condition:
            first, last = statement.condition
            yield "negate", first, (
                (source.tokens[first].begin, source.tokens[first].begin, "!("),
                (source.tokens[last].end, source.tokens[last].end, ")"))


def is_assertion(source: Source, statement: Statement) -> bool:
    return source.tokens[statement.first].text == "assert"


def dropped_statements(source: Source, function: Function
                       ) -> Iterator[tuple[str, int, tuple[Edit, ...]]]:
    """Left out: a statement, a call, or the call whose result is assigned.  Of
    returns, not the function's last one."""
    for statement in walk(function.body):
        first, last = statement.first, statement.last
        is_end = statement.kind == "return" and \
            statement is function.body.children[-1]
        if statement.kind in ("expression", "jump", "return") and \
                not is_end and not is_assertion(source, statement):
            yield "drop", first, ((source.tokens[first].begin,
                                   source.tokens[last].begin, ""),)
        if statement.kind not in ("expression", "declaration"):
            continue
        for index in range(first, last):
            if source.is_mark(index, "=") and \
                    not source.is_mark(index - 2, "*") and \
                    source.tokens[index + 1].kind == "name" and \
                    source.is_mark(index + 2, "(") and \
                    source.partner[index + 2] == last - 1:
                yield "uncall", index + 1, ((source.tokens[index + 1].begin,
                                             source.tokens[last - 1].end,
                                             "0"),)


def wrong_wakes(source: Source, function: Function
                ) -> Iterator[tuple[str, int, tuple[Edit, ...]]]:
    """A wake-up sent to the next seat."""
    for index in range(function.body.first, function.body.last):
        if source.tokens[index].text != "parking_wake" or \
                not source.is_mark(index + 1, "("):
            continue
        close = source.partner[index + 1]
        wanted = source.words(index + 2, close - 1)
        found = re.fullmatch(r"&(\w+)->parking", wanted)
        seat = f"{found.group(1)} - seats->seats" if found else ""
        found = re.fullmatch(r"&seat_at\(seats, (\w+)\)->parking", wanted)
        seat = found.group(1) if found else seat
        if seat:
            other = f"&seats->seats[(uint64_t)({seat} + 1) % " \
                    "seats->count].parking"
            yield "wake", index, ((source.tokens[index + 2].begin,
                                   source.tokens[close - 1].end, other),)


def callee(source: Source, statement: Statement) -> str:
    if statement.kind == "expression" and \
            source.is_mark(statement.first + 1, "("):
        return source.tokens[statement.first].text
    return ""


def swap(source: Source, one: Statement, two: Statement) -> tuple[Edit, ...]:
    """Two neighbours, each on the lines of the other as far as it goes."""
    return ((source.tokens[one.first].begin, source.tokens[one.last].end,
             source.words(two.first, two.last)),
            (source.tokens[two.first].begin, source.tokens[two.last].end,
             source.words(one.first, one.last)))


def moved_across(source: Source, function: Function
                 ) -> Iterator[tuple[str, int, tuple[Edit, ...]]]:
    """A statement moved out of, or into, what a lock protects."""
    for block in walk(function.body):
        for one, two in zip(block.children, block.children[1:]):
            if block.kind != "block" or "return" in (one.kind, two.kind):
                continue
            if is_assertion(source, one) or is_assertion(source, two):
                continue
            names = {callee(source, one), callee(source, two)}
            if names & (LOCKING | UNLOCKING):
                yield "move", two.first, swap(source, one, two)


def early_returns(source: Source, function: Function
                  ) -> Iterator[tuple[str, int, tuple[Edit, ...]]]:
    words = function.result.split()
    if "*" in words or "struct" in words:
        values = ["NULL"] if "*" in words else []
    elif "bool" in words:
        values = ["true", "false"]
    elif "void" in words:
        values = [""]
    else:
        values = ["0"]
    places = [function.body.first] + [
        statement.first - 1 for statement in walk(function.body)
        if callee(source, statement) in UNLOCKING]
    for place in places:
        for value in values:
            end = source.tokens[place].end
            yield "return", place, ((end, end,
                                     f" if (1) {{ return {value}; }}"),)


OPERATORS = (replaced_tokens, negated_conditions, dropped_statements,
             wrong_wakes, moved_across, early_returns)


def describe(source: Source, edits: tuple[Edit, ...]) -> str:
    """The first line that changes, before and after."""
    begin = min(edit[0] for edit in edits)
    end = max(edit[1] for edit in edits)
    first = source.text.rfind("\n", 0, begin) + 1
    last = source.text.find("\n", end)
    before = source.text[first:last]
    after = before
    for start, stop, text in sorted(edits, reverse=True):
        after = after[:start - first] + text + after[stop - first:]
    return " ".join(before.split()) + "  =>  " + " ".join(after.split())


def mutants_of(path: Path) -> list[Mutant]:
    """All mutants of a file, in the order of its lines."""
    source = Source(path.name, path.read_text())
    found = []
    for function in source.functions:
        for operator in OPERATORS:
            for name, index, edits in operator(source, function):
                found.append((source.tokens[index].begin, function.name, name,
                              edits))
    by_line: dict[tuple[int, str], int] = {}
    by_function: dict[tuple[str, str], int] = {}
    mutants = []
    for offset, function_name, operator_name, edits in sorted(
            found, key=lambda item: (item[0], item[2])):
        line = source.line(offset)
        nth = by_line[line, operator_name] = \
            by_line.get((line, operator_name), 0) + 1
        mth = by_function[function_name, operator_name] = \
            by_function.get((function_name, operator_name), 0) + 1
        mutants.append(Mutant(
            path.name, line, operator_name,
            f"{path.name}:{line}:{operator_name}:{nth}",
            f"{path.name}:{function_name}:{operator_name}:{mth}",
            describe(source, edits), edits))
    return mutants
