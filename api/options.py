"""Options of commands: what is said twice is not lost, what is misspelt not taken."""

from argparse import Action, ArgumentError, ArgumentParser, Namespace
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from api import spelling


class Once(Action):
    """Stores a value as argparse does, and refuses the option when it is repeated:
    argparse would keep the last value and drop the others.
    """

    repeated = False

    def __call__(
        self,
        parser: ArgumentParser,
        namespace: Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Raises ArgumentError for the second value."""
        if self.repeated:
            raise ArgumentError(self, "expected once")
        self.repeated = True
        setattr(namespace, self.dest, values)


def require_known(names: Iterable[str], known: Collection[str], *, kind: str) -> None:
    """Raises CommandError for the first of the names that nothing has."""
    for name in names:
        if name not in known:
            hint = spelling.question(name, known)
            raise CommandError(f"there is no {kind} named {name!r}{hint}")


def for_file(
    values: Sequence[str], file: str, *, files: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Returns what is told of all files, then what of one: `FILE:VALUE`.

    The file is called as on the command line or, where no other ends so, by its last
    name.
    """
    names = {name: name for name in files}
    last = Counter(Path(name).name for name in files)
    names |= {Path(name).name: name for name in files if last[Path(name).name] == 1}
    general, own = [], []
    for value in values:
        called = next((name for name in names if value.startswith(f"{name}:")), None)
        if called is None:
            general.append(value)
        elif names[called] == file:
            own.append(value.removeprefix(f"{called}:"))
    return general, own


def single(
    values: Sequence[str], file: str, *, files: Sequence[str], option: str
) -> str | None:
    """Returns what is told of a file, None for nothing. Raises CommandError for two."""
    general, own = for_file(values, file, files=files)
    wanted = own or general
    if len(wanted) > 1:
        raise CommandError(f"--{option}: expected once for {file}")
    return wanted[0] if wanted else None
