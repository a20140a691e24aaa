"""Where a file has the fields of events: under their own names or under others."""

import shlex
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from events import event_body
from events.files.lines import LineError


@dataclass(frozen=True, slots=True)
class Fields:
    """Field → column of CSV or key of JSON, where it has not the field's own name;
    fields that are the same throughout; and names that are left out on purpose.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    ignored: Collection[str] = ()

    @property
    def own(self) -> bool:
        """Says whether every field may come, and under its own name."""
        return self.sources == {name: name for name in event_body.PROPERTIES}

    @property
    def sources(self) -> dict[str, str]:
        """Returns field → name in the file, for those that are looked for in it."""
        names = {name: self.names.get(name, name) for name in event_body.PROPERTIES}
        return {
            name: source
            for name, source in names.items()
            if source not in self.ignored and name not in self.constants
        }

    def leftover(self, names: Iterable[str], *, line: int) -> list[str]:
        """Returns those of the names in a file that are no field.

        Raises LineError for one that is plainly meant for a field that is not there.
        """
        present = set(names)
        left = sorted(present - set(self.sources.values()))
        for name in left:
            meant = self.meant(name)
            if meant and meant not in present:
                pair, other = shlex.quote(f"{meant}={name}"), shlex.quote(name)
                hint = f"did you mean {meant}? (--map {pair}, else --ignore {other})"
                raise LineError(line, f"{name[:60]}: {hint}")
        return left

    def meant(self, name: str) -> str | None:
        """Returns the field that a name is plainly meant for, unless it was told."""
        meant = None if name in self.ignored else event_body.VOCABULARY.meant(name)
        settled = meant in self.names or meant in self.constants
        return None if settled else meant


def picked(sent: Mapping[str, Any], sources: Mapping[str, str]) -> dict[str, Any]:
    """Returns the fields that an object of JSON has."""
    return {field: sent[name] for field, name in sources.items() if name in sent}
