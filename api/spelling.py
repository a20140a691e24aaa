"""The known name that somebody meant who wrote another one."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from itertools import takewhile

LONGEST = 64  # characters of a name that is worth comparing
LIKENESS = 0.75  # of difflib: `valeu` is 0.8 like `value`, `valid` 0.6


def suggestion(
    name: str, known: Iterable[str], aliases: Mapping[str, str] | None = None
) -> str | None:
    """Returns the known name that `name` is plainly meant for, None if none is.

    It is the same in other letters (`startTimestamp`, `kpis[]`), else what an alias
    stands for (alias → known name), else the nearest in spelling. Both columns of
    `aliases` are compared as names are; an alias of what is not known says nothing.
    """
    if len(name) > LONGEST:
        return None
    names = {folded(each): each for each in known}
    meant = {folded(alias): folded(each) for alias, each in (aliases or {}).items()}
    written = folded(name)
    if not written:
        return None  # a name in other letters, of which nothing is compared
    if written not in names and meant.get(written) in names:
        written = meant[written]
    near = get_close_matches(written, names, n=1, cutoff=LIKENESS)
    return names[near[0]] if near else None


def question(name: str, known: Iterable[str]) -> str:
    """Returns the end of a sentence that refuses a name, empty if none is like it."""
    near = suggestion(name, known)
    return f"; did you mean {near}?" if near else ""


def surely(name: str, known: Iterable[str], aliases: Mapping[str, str]) -> str | None:
    """Returns the known name that an unknown one can only be meant for, None if none.

    It is the same in other letters, an alias (alias → known name), or one slip of the
    keyboard away. So `valeu` is `value`; but `event_kind`, which `suggestion` would
    take for `event_id`, may be a name of its own.
    """
    if len(name) > LONGEST:
        return None
    written = folded(name)
    names = {folded(each): each for each in known}
    meant = {folded(alias): each for alias, each in aliases.items()} | names
    if written in meant:
        return meant[written]
    return next((names[each] for each in names if is_slip(written, each)), None)


def is_slip(written: str, meant: str) -> bool:
    """Says whether one letter is missing, too many or another, or two are swapped."""
    begin = shared(written, meant)
    rest, other = written[begin:], meant[begin:]
    end = shared(rest[::-1], other[::-1])
    rest, other = rest[: len(rest) - end], other[: len(other) - end]
    swapped = len(rest) == 2 and rest == other[::-1]
    return swapped or max(len(rest), len(other)) == 1


def shared(name: str, other: str) -> int:
    """Returns how many letters two names begin with alike."""
    pairs = zip(name, other, strict=False)
    return len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))


def folded(name: str) -> str:
    """Returns a name without what the ways of writing names differ in."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"\[\w*\]$", "", name).lower())
