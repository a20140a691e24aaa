"""SQL text beside its module: `.sql` files of named blocks, filled by `$name`.

A block begins with `-- block: name`. What stands for structure, such as another block
or a list of constants, is `$name`; values are parameters, `%(name)s`, and no concern of
this module.
"""

from pathlib import Path
from string import Template

MARK = "-- block: "


class Blocks:
    """The blocks of the `.sql` file beside a module."""

    def __init__(self, module_file: str, **constants: str) -> None:
        """Reads `orders.sql` for `…/orders.py`, its `__file__`, and fills constants."""
        self.path = Path(module_file).with_suffix(".sql")
        _, *blocks = self.path.read_text().split(MARK)
        named = (block.partition("\n") for block in blocks)
        self._texts = {
            name.strip(): Template(text.strip()).safe_substitute(constants)
            for name, _, text in named
        }

    def fill(self, name: str, **blocks: str) -> str:
        """Returns a block with some of its `$names` filled; others stay for later.

        Raises KeyError for a block that is not in the file, and for a name that is not
        in the block.
        """
        template = Template(self._texts[name])
        if unknown := blocks.keys() - set(template.get_identifiers()):
            raise KeyError(f"{self.path.name}: {name} has no ${min(unknown)}")
        return template.safe_substitute(blocks)


def complete(statement: str, **blocks: str) -> str:
    """Returns a statement with its last `$names` filled. Raises KeyError for a gap."""
    return Template(statement).substitute(blocks)
