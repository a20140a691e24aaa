"""Fields that nobody asked for: ignored, unless they are meant for a known one."""

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any
from urllib.parse import quote

from api import spelling

HEADER = "Abacus-Ignored-Fields"
MOST = 1_000  # different unknown fields in a body
TOO_MANY = f"there are more than {MOST:,} different unknown fields"
SHOWN, CHARACTERS = 20, 40  # names in the header, and of each
REMEMBERED = 10_000


class UnknownFieldError(ValueError):
    """An unknown field is not ignored; `expected` is the known one it is meant for."""

    def __init__(self, problem: str, *, field: str, expected: str) -> None:
        super().__init__(problem)
        self.field = field
        self.expected = expected


class Vocabulary:
    """The names of an object's fields, and what others call them (alias → name)."""

    def __init__(self, known: Collection[str], aliases: Mapping[str, str]) -> None:
        self.known = frozenset(known)
        self._aliases = aliases
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._surely)

    def _surely(self, name: str) -> str | None:
        return spelling.surely(name, self.known, self._aliases)

    def meant(self, name: str) -> str | None:
        """Returns the known field that an unknown one can only be meant for.

        None for a field of the sender's own, which may always begin with `_`.
        """
        if name.startswith("_") or len(name) > spelling.LONGEST:
            return None
        return self._remembered(name)

    def unknown(self, sent: Mapping[str, object]) -> list[str]:
        """Returns the fields that are to be ignored, in the order of `sent`.

        What is meant for a known field that is there itself is ignored too. Raises
        UnknownFieldError.
        """
        if self.known.issuperset(sent):
            return []
        names = [name for name in sent if name not in self.known]
        require_few(names)
        for name in names:
            if (meant := self.meant(name)) and meant not in sent:
                problem = f"the field is unknown: did you mean {meant}?"
                raise UnknownFieldError(problem, field=name, expected=meant)
        return names


def require_few(names: Collection[str]) -> None:
    """Raises UnknownFieldError: each name takes time to compare."""
    if len(names) > MOST:
        some = next(iter(names))
        raise UnknownFieldError(TOO_MANY, field=some, expected="known fields")


def problem(error: UnknownFieldError, *, of: str) -> dict[str, Any]:
    """Returns the error object that says so under /v0; `of` is what has the field."""
    what = f"Invalid {of}: {error.field[:CHARACTERS]}: {error}"
    return {"what": what, "field": error.field, "expected": error.expected}


def header(names: Iterable[str]) -> str:
    """Returns the first few names, cut, as the value of an HTTP header."""
    return ", ".join(quote(name[:CHARACTERS]) for name in islice(names, SHOWN))
