import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Installs:
    """Stands in for the slow steps and remembers their order."""

    def __init__(self, run, *, fail: bool = False) -> None:
        self.run = run
        self.fail = fail
        self.steps: list[str] = []

    def create_venv(self) -> list[str]:
        shutil.rmtree(self.run.VENV, ignore_errors=True)
        (self.run.VENV / "bin").mkdir(parents=True)
        (self.run.VENV / "bin" / "python").touch()
        self.steps.append("create")
        return []

    def find_pip(self) -> list[str]:
        return []

    def download(self, pip: list[str], lock: str) -> None:
        assert not self.run.STAMP.exists()
        self.steps.append(lock)
        if self.fail:
            sys.exit("no network")

    def compile_packages(self) -> None:
        assert not self.run.STAMP.exists()


@pytest.fixture
def run(tmp_path):
    """The bootstrap of a clone of its own, with its lock files."""
    shutil.copy(ROOT / "run.py", tmp_path)
    (tmp_path / "requirements-embedded.txt").write_text("# nothing\n")
    (tmp_path / "requirements-dev.txt").write_text("# nothing, and more of it\n")
    spec = importlib.util.spec_from_file_location("run", tmp_path / "run.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def installs(run, monkeypatch):
    recorded = Installs(run)
    for name in ("create_venv", "find_pip", "download", "compile_packages"):
        monkeypatch.setattr(run, name, getattr(recorded, name))
    return recorded


def call(*arguments: str, code: str = "") -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, *(["-c", code] if code else []), *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def test_an_old_python_is_refused_in_plain_words():
    old = "import runpy, sys; sys.version_info = (3, 10, 9); runpy.run_path('run.py')"
    done = subprocess.run(
        [sys.executable, "-c", old],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Abacus needs Python 3.11 or newer; this is")


def test_an_unknown_command_is_answered_with_the_known_ones():
    done = call(str(ROOT / "run.py"), "fly")
    assert done.returncode == 1
    for name in ("demo", "demo-reset", "serve", "test", "check", "format", "lock"):
        assert name in done.stderr


def test_every_target_of_the_makefile_is_a_command(run):
    makefile = (ROOT / "Makefile").read_text()
    (targets,) = [
        line.split(":")[1].split()
        for line in makefile.splitlines()
        if line.startswith(".PHONY")
    ]
    assert set(targets) == set(run.COMMANDS) - {"manage"}


def test_a_new_clone_creates_the_environment_and_stamps_it_last(run, installs):
    run.install(run.EMBEDDED)
    assert installs.steps == ["create", run.EMBEDDED]
    assert run.STAMP.read_text() == run.stamp(run.EMBEDDED)


def test_the_second_start_installs_nothing(run, installs):
    for _ in range(2):
        run.install(run.EMBEDDED)
    assert installs.steps == ["create", run.EMBEDDED]


def test_an_installation_that_failed_is_not_taken_for_done(run, installs):
    installs.fail = True
    for _ in range(2):
        with pytest.raises(SystemExit):
            run.install(run.EMBEDDED)
    assert installs.steps == ["create", run.EMBEDDED] * 2


def test_the_demo_is_content_with_the_development_packages(run, installs):
    run.install(run.DEVELOPMENT)
    run.install(run.EMBEDDED)
    assert installs.steps == ["create", run.DEVELOPMENT]


def test_development_packages_are_added_without_disturbing_the_demo(run, installs):
    run.install(run.EMBEDDED)
    (run.VENV / "in_use").touch()
    run.install(run.DEVELOPMENT)
    assert installs.steps == ["create", run.EMBEDDED, run.DEVELOPMENT]
    assert (run.VENV / "in_use").exists()


@pytest.mark.parametrize("name", ["requirements-embedded.txt", "requirements-dev.txt"])
def test_a_changed_lock_file_is_installed_anew(run, installs, name):
    run.install(name)
    (run.ROOT / name).write_text("# something else\n")
    run.install(name)
    assert installs.steps == ["create", name] * 2


def test_another_python_is_installed_anew(run, installs, monkeypatch):
    run.install(run.EMBEDDED)
    monkeypatch.setattr(sys, "version", "3.99.0 (main)")
    run.install(run.EMBEDDED)
    assert installs.steps == ["create", run.EMBEDDED] * 2


def test_an_environment_without_its_python_is_created_anew(run, installs):
    run.install(run.EMBEDDED)
    (run.VENV / "bin" / "python").unlink()
    run.install(run.EMBEDDED)
    assert installs.steps == ["create", run.EMBEDDED] * 2


def test_an_environment_that_was_moved_is_created_anew(run, installs, monkeypatch):
    run.install(run.EMBEDDED)
    moved = run.VENV.rename(run.ROOT / "elsewhere")
    monkeypatch.setattr(run, "VENV", moved)
    monkeypatch.setattr(run, "STAMP", moved / "installed")
    run.install(run.EMBEDDED)
    assert installs.steps == ["create", run.EMBEDDED] * 2


def test_packages_in_use_are_not_taken_away(run):
    run.VENV.mkdir()
    (run.ROOT / ".local").mkdir()
    with (run.ROOT / ".local" / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(SystemExit, match="stop it first"):
            run.create_venv()
    assert run.VENV.exists()


def test_an_environment_without_pip_is_filled_by_the_pip_of_this_python(run):
    run.venv.create(run.VENV, with_pip=False, symlinks=True)
    pip = run.find_pip()
    assert pip[1:4] == ["-m", "pip", "--python"]
    assert call(*pip[1:], "list").returncode == 0


@pytest.fixture
def beside_the_sources(monkeypatch):
    """Bytecode is kept where it usually is, though nobody may write it by the way."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)
    monkeypatch.setattr(sys, "pycache_prefix", None)


@pytest.mark.usefixtures("beside_the_sources")
def test_packages_are_compiled_also_where_no_bytecode_is_written(run):
    run.venv.create(run.VENV, with_pip=False, symlinks=True)
    library = run.VENV / "lib" / "python3" / "site-packages" / "package"
    (library / "tests").mkdir(parents=True)
    (library / "__init__.py").write_text("A = 1\n")
    (library / "template.py").write_text("{{ no python }}}\n")
    (library / "tests" / "one.py").write_text("A = 1\n")
    run.compile_packages()
    compiled = [path.name for path in library.rglob("*.pyc")]
    assert compiled == [f"__init__.{sys.implementation.cache_tag}.pyc"]


@pytest.mark.usefixtures("beside_the_sources")
def test_our_modules_are_compiled_again_when_they_have_changed(run):
    package = run.ROOT / "analytics"
    package.mkdir()
    (package / "__init__.py").touch()
    module = package / "units.py"
    module.write_text("A = 1\n")
    run.compile_project()
    compiled = Path(importlib.util.cache_from_source(str(module)))
    before = compiled.read_bytes()
    module.write_text("A = 10\n")
    os.utime(module, (1, 1))
    run.compile_project()
    assert compiled.read_bytes() != before


def test_the_check_names_the_step_that_failed_and_goes_no_further(
    run, installs, monkeypatch, capfd
):
    monkeypatch.setitem(run.COMMANDS, "check", ["true", "false", "touch further"])
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.chdir(run.ROOT)
    with pytest.raises(SystemExit, match="check stopped: `false` failed"):
        run.main("check")
    assert capfd.readouterr().out.splitlines() == ["── true", "── false"]
    assert not (run.ROOT / "further").exists()


def test_without_uv_the_lock_command_tells_how_to_get_it(run, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.chdir(run.ROOT)
    with pytest.raises(SystemExit, match="pipx install uv"):
        run.main("lock")
