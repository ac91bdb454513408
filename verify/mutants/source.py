"""C source as tokens, functions and statements, as far as mutants need it.

No parser of C: it knows comments, strings, preprocessor lines, brackets and
the keywords that begin statements.  Everything is a range of offsets into the
text, so that a mutant is the text with some ranges replaced.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass, field

TOKEN = re.compile(
    r"""(?P<comment>/\*.*?\*/|//[^\n]*)
    |(?P<preprocessor>(?:^|(?<=\n))[ \t]*\#(?:\\\n|[^\n])*)
    |(?P<space>\s+)
    |(?P<string>"(?:\\.|[^"\\])*")
    |(?P<character>'(?:\\.|[^'\\])*')
    |(?P<number>0[xX][0-9a-fA-F]+[uUlL]*|[0-9]+[uUlL]*)
    |(?P<name>[A-Za-z_][A-Za-z_0-9]*)
    |(?P<mark>\.\.\.|<<=|>>=|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\|
        |[-+*/%&|^]=|[-+*/%&|^~!<>=?:;,.(){}\[\]])""",
    re.VERBOSE | re.DOTALL)

CLOSING = {"(": ")", "[": "]", "{": "}"}
TYPE_WORDS = frozenset(
    "const static struct enum union void bool char int long short unsigned "
    "signed float double size_t pid_t uint8_t uint16_t uint32_t uint64_t "
    "int8_t int16_t int32_t int64_t pthread_mutexattr_t pthread_condattr_t "
    "pthread_t _Atomic extern".split())


class SourceError(Exception):
    """The text is not what this module understands."""


@dataclass
class Token:
    kind: str
    text: str
    begin: int
    end: int


@dataclass
class Statement:
    """kind: block, if, while, for, switch, do, return, jump, label,
    declaration, expression, empty.  first and last are token indices."""

    kind: str
    first: int
    last: int
    condition: tuple[int, int] | None = None  # tokens between its brackets
    children: list["Statement"] = field(default_factory=list)


@dataclass
class Function:
    name: str
    result: str  # the tokens before the name, joined
    body: Statement


class Source:
    """One file."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.tokens = [token for token in self._scan()
                       if token.kind not in ("comment", "space",
                                             "preprocessor")]
        self._lines = [0] + [found.end() for found in
                             re.finditer("\n", text)]
        self.partner = self._match()
        self.functions = self._functions()

    def line(self, offset: int) -> int:
        return bisect_right(self._lines, offset)

    def words(self, first: int, last: int) -> str:
        """The text from token `first` to token `last`."""
        return self.text[self.tokens[first].begin:self.tokens[last].end]

    def is_mark(self, index: int, text: str) -> bool:
        return index < len(self.tokens) and self.tokens[index].text == text \
            and self.tokens[index].kind != "string"

    def _scan(self) -> list[Token]:
        tokens = []
        position = 0
        while position < len(self.text):
            found = TOKEN.match(self.text, position)
            if found is None or found.lastgroup is None:
                raise SourceError(
                    f"{self.name}: no token at offset {position}: "
                    f"{self.text[position:position + 20]!r}")
            tokens.append(Token(found.lastgroup, found.group(), position,
                                found.end()))
            position = found.end()
        return tokens

    def _match(self) -> dict[int, int]:
        partner = {}
        open_ones: list[int] = []
        for index, token in enumerate(self.tokens):
            if token.kind != "mark":
                continue
            if token.text in CLOSING:
                open_ones.append(index)
            elif token.text in CLOSING.values():
                opening = open_ones.pop() if open_ones else None
                if opening is None or \
                        CLOSING[self.tokens[opening].text] != token.text:
                    raise SourceError(f"{self.name}:{self.line(token.begin)}: "
                                      f"unbalanced {token.text}")
                partner[opening] = index
                partner[index] = opening
        return partner

    def _functions(self) -> list[Function]:
        functions = []
        index = 0
        since = 0  # the first token after the last top-level ; or }
        while index < len(self.tokens):
            text = self.tokens[index].text
            if text == "{" and index > 0 and self.is_mark(index - 1, ")"):
                name = self.partner[index - 1] - 1
                body, after = self._statement(index)
                result = " ".join(token.text
                                  for token in self.tokens[since:name])
                functions.append(Function(self.tokens[name].text, result,
                                          body))
                index = since = after
            elif text in CLOSING:
                index = self.partner[index] + 1
            else:
                index += 1
                since = index if text in (";", "}") else since
        return functions

    def _statement(self, first: int) -> tuple[Statement, int]:
        """The statement that begins at a token, and the token after it."""
        text = self.tokens[first].text
        if text == "{":
            return self._block(first)
        if text in ("if", "while", "for", "switch"):
            return self._headed(first)
        if text == "do":
            body, after = self._statement(first + 1)
            close = self.partner[after + 1]
            return Statement("do", first, close + 1, (after + 2, close - 1),
                             [body]), close + 2
        if text in ("case", "default") or (
                self.is_mark(first + 1, ":")
                and self.tokens[first].kind == "name"):
            after = first
            while not self.is_mark(after, ":"):
                after += 1
            return Statement("label", first, after), after + 1
        return self._plain(first)

    def _block(self, first: int) -> tuple[Statement, int]:
        block = Statement("block", first, self.partner[first])
        index = first + 1
        while index < block.last:
            child, index = self._statement(index)
            block.children.append(child)
        return block, block.last + 1

    def _headed(self, first: int) -> tuple[Statement, int]:
        close = self.partner[first + 1]
        body, after = self._statement(close + 1)
        children = [body]
        if self.tokens[first].text == "if" and self.is_mark(after, "else"):
            other, after = self._statement(after + 1)
            children.append(other)
        return Statement(self.tokens[first].text, first, after - 1,
                         (first + 2, close - 1), children), after

    def _plain(self, first: int) -> tuple[Statement, int]:
        index = first
        while not self.is_mark(index, ";"):
            index = self.partner[index] + 1 \
                if self.tokens[index].text in CLOSING else index + 1
        kind = "expression"
        text = self.tokens[first].text
        if index == first:
            kind = "empty"
        elif text == "return":
            kind = "return"
        elif text in ("goto", "break", "continue"):
            kind = "jump"
        elif text in TYPE_WORDS:
            kind = "declaration"
        return Statement(kind, first, index), index + 1


def walk(statement: Statement) -> list[Statement]:
    """A statement and all that are inside it, outermost first."""
    found = [statement]
    for child in statement.children:
        found += walk(child)
    return found
