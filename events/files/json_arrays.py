"""Events as a JSON list, bare or in `{"events": […]}`, cut into lines of one event.

A list is as long as its file, so it is never decoded as a whole: it is cut at the
commas between its elements.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

from events.event_body import Event
from events.files import lines
from events.files.dialects import Dialect
from events.files.json_lines import JsonLines
from events.files.lines import LineError, Rules

BEGIN = re.compile(r'\s*(?P<object>\{\s*"events"\s*:\s*)?\[')
# The same with whatever else, which is refused where it is read.
LIST = re.compile(r'\s*(?:\{[^{}\[\]]*"events"\s*:\s*)?\[')
LONGEST_BEGIN = 10_000  # characters
# A text, as far as it has come; else what opens, closes, separates or fits nowhere.
TOKEN = re.compile(r'"[^"\\\r\n]*+(?:\\.[^"\\\r\n]*+)*+(?:"|\\?\Z)|["\[\]{},]')
LINE_END = re.compile("[\r\n]")
STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}
EXPECTED = 'a JSON list of events, bare or alone in {"events": […]}'

Element = tuple[int, str]  # the number of its first line, and its text in one line


class JsonArray:
    """The events of a list; `ignored` names the fields that are left out."""

    def __init__(self, dialect: Dialect, *, rules: Rules, most: int) -> None:
        self._lines = JsonLines(dialect, rules=rules)
        self._most = most
        self.ignored = self._lines.ignored

    def events(self, texts: Iterable[str]) -> Iterator[list[Event]]:
        """Yields the events of a text, cut anywhere. Raises LineError."""
        for elements in cut(texts, most=self._most):
            block = "".join(f"{text}\n" for _, text in elements)
            numbers = [line for line, _ in elements]
            yield self._lines.decoded(block.encode(), numbers=numbers)


def cut(texts: Iterable[str], *, most: int) -> Iterator[list[Element]]:
    """Yields the elements of a list, some at a time. Raises LineError."""
    cutter = Cutter()
    for text in texts:
        yield list(cutter.elements(text))
        if len(cutter.rest) > most:
            raise LineError(cutter.line, "expected events of at most 1 MiB")
    cutter.check_end()


def begun(head: str) -> list[Element]:
    """Returns the elements of a list's beginning, as far as it is right."""
    with suppress(LineError):
        return list(Cutter().elements(head))
    return []


class Cutter:
    """How far a list is cut: `rest`, from `line` on, is not."""

    def __init__(self) -> None:
        self.rest, self.line = "", 1
        self._end: str | None = None  # what follows the list
        self._scanned, self._depth = 0, 0
        self._closed = self._filled = False

    def elements(self, text: str) -> Iterator[Element]:
        """Yields the elements that end in the next text. Raises LineError."""
        self.rest += text
        if self._end is None:
            self._begin()
        if self._end is not None and not self._closed:
            yield from self._scan()

    def _begin(self) -> None:
        match = BEGIN.match(self.rest)
        if match:
            self._end = "}" if match["object"] else ""
            self.line += match[0].count("\n")
            self.rest = self.rest[match.end() :]
        elif len(self.rest) > LONGEST_BEGIN:
            raise LineError(self.line, f"expected {EXPECTED}")

    def check_end(self) -> None:
        """Raises LineError unless the list has ended, and nothing else comes."""
        if not self._closed or self.rest.strip() != self._end:
            raise LineError(self.line, f"expected {EXPECTED}")

    def _scan(self) -> Iterator[Element]:
        begin, scanned = 0, len(self.rest)
        for token in TOKEN.finditer(self.rest, self._scanned):
            kind = token[0]
            if kind[0] == '"' and token.end() == len(self.rest):
                scanned = token.start()  # it may go on in the next text
                break
            if kind == '"':
                line = self.line + self.rest.count("\n", begin, token.start())
                raise LineError(line, "expected JSON: a text has no end in its line")
            if self._depth == 0 and kind in (",", "]"):
                yield from self._element(self.rest[begin : token.start()], kind)
                begin = token.end()
            if self._closed:
                break
            self._depth += STEPS.get(kind, 0)
        self.rest, self._scanned = self.rest[begin:], max(0, scanned - begin)

    def _element(self, text: str, end: str) -> Iterator[Element]:
        element = text.lstrip()
        line = self.line + text.count("\n", 0, len(text) - len(element))
        self.line += text.count("\n")
        self._closed = end == "]"
        if element:
            yield line, LINE_END.sub(" ", element)
        elif self._filled or not self._closed:
            raise LineError(line, f"expected {lines.OBJECT_EXPECTED}")
        self._filled = True
