"""Runs every benchmark on a throw-away installation with durable servers."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from embedded import home as embedded_home
from embedded import lock, servers
from embedded.supervisor import Supervisor

# Django's shell sets Django up before anything imports a model.
EVERYTHING = "from benchmarks import everything; everything.main()"


def main() -> int:
    """Returns the exit code: 0 also where a bar is missed, which is a finding."""
    with tempfile.TemporaryDirectory(prefix="abacus-bench-") as folder:
        home = Path(folder).resolve()
        with lock.hold(home), Supervisor(home, say=lambda line: None) as running:
            servers.start(running)
            command = [sys.executable, "manage.py", "shell", "--no-imports", "-c"]
            environment = {"LOCAL_DIR": str(home), "LOG_LEVEL": "WARNING"}
            done = subprocess.run(
                [*command, EVERYTHING], env=os.environ | environment, check=False
            )
        servers.remove(embedded_home.socket_directory(home))
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
