"""Options of commands: what the command line says twice is not lost silently."""

from argparse import Action, ArgumentError, ArgumentParser, Namespace
from typing import Any


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
