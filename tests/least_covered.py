"""Prints the ten files that the tests cover least, and the whole."""

from io import StringIO

from coverage import Coverage

SHOWN = 10


def main() -> None:
    """Read what `coverage combine` has left."""
    measured = Coverage()
    measured.load()
    lines = StringIO()
    whole = measured.report(file=lines, sort="cover", skip_empty=True)
    head, rule, *files = lines.getvalue().splitlines()
    print(head, rule, *files[:SHOWN], rule, sep="\n")
    print(f"In all {whole:.1f} % of the lines and branches.")


if __name__ == "__main__":
    main()
