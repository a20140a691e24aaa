"""The known name that somebody meant who wrote another one."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

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
    if written not in names and meant.get(written) in names:
        written = meant[written]
    near = get_close_matches(written, names, n=1, cutoff=LIKENESS)
    return names[near[0]] if near else None


def question(name: str, known: Iterable[str]) -> str:
    """Returns the end of a sentence that refuses a name, empty if none is like it."""
    near = suggestion(name, known)
    return f"; did you mean {near}?" if near else ""


def folded(name: str) -> str:
    """Returns a name without what the ways of writing names differ in."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"\[\w*\]$", "", name).lower())
