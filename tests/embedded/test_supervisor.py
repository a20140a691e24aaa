import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded import home as embedded
from embedded import lock, postgres, servers, service
from embedded.progress import Progress, cpu_seconds
from embedded.service import Child, Service, ServiceError, delay
from embedded.supervisor import StopRequested, Supervisor, stoppable

ROOT = Path(__file__).resolve().parents[2]
WAIT_SECONDS = 120
LIVE = "import time; time.sleep(600)"


@pytest.fixture
def said():
    return []


@pytest.fixture
def running(home, said):
    with Supervisor(home, say=said.append) as supervisor:
        yield supervisor


def program(name: str, code: str, **options) -> Service:
    argv = (sys.executable, "-I", "-S", "-c", code)
    return Service(name=name, argv=argv, **options)


def patiently(condition) -> bool:
    """Whether a condition comes true while the processes do their part."""
    give_up_at = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < give_up_at:
        if condition():
            return True
        time.sleep(0.01)
    return False


def work_done(child: Child) -> tuple[float, int]:
    return cpu_seconds(child.process.pid), child.log.stat().st_size


def shell(name: str, script: str, **options) -> Service:
    return Service(name=name, argv=("/bin/sh", "-c", script), **options)


@given(fails=st.integers(min_value=0, max_value=10_000))
def test_the_delay_doubles_up_to_half_a_minute(fails):
    assert delay(0) == 0.2
    assert delay(fails + 1) == min(30, 2 * delay(fails))


def test_start_returns_when_the_service_is_ready(running, tmp_path):
    sign = tmp_path / "sign"
    running.start(
        shell("slow", f"sleep 0.2; touch {sign}; sleep 600", ready=sign.exists)
    )
    assert sign.exists()


def test_a_service_that_ends_at_once_is_reported_with_its_last_words(running):
    with pytest.raises(
        ServiceError, match=r"bad ended at once \(exit code 3\)"
    ) as error:
        running.start(
            shell("bad", "echo lost; echo why >&2; exit 3", ready=lambda: False)
        )
    assert "lost" in str(error.value)
    assert str(error.value).endswith("why")


def test_only_the_words_of_this_start_are_reported(running, home):
    (home / "logs" / "bad.log").write_text("long ago\n")
    with pytest.raises(ServiceError) as error:
        running.start(shell("bad", "echo now; exit 1", ready=lambda: False))
    assert "now" in str(error.value)
    assert "long ago" not in str(error.value)


def test_a_service_that_hangs_is_given_up(running):
    hanging = program("mute", LIVE, ready=lambda: False, idle_seconds=1)
    with pytest.raises(ServiceError, match="mute is not ready, and idle for 1 s"):
        running.start(hanging)


def test_a_service_that_works_without_an_end_is_given_up(running):
    busy = program("busy", "while True: pass", ready=lambda: False, cpu_seconds=0.1)
    with pytest.raises(ServiceError, match=r"busy is not ready after .* s of CPU"):
        running.start(busy)


WORKS = "import time\nwhile time.process_time() < 600: pass"
LOGS = "while sleep 0.1; do echo on; done"
LEAVES = "setsid sh -c 'while :; do :; done' & wait"


@pytest.mark.parametrize(
    "slow", [program("slow", WORKS), shell("slow", LOGS), shell("slow", LEAVES)]
)
def test_a_service_that_gets_on_is_waited_for(running, slow):
    """By its CPU time, by its log, by a child in a group of its own."""
    running.start(replace(slow, idle_seconds=1))
    (child,) = running.children
    progress = Progress(child.process.pid, child.log, now=0)
    for moment in (10, 20, 30):
        done = work_done(child)
        assert patiently(lambda done=done: work_done(child) != done)
        child.give_up_unless(progress, moment)


def test_idle_is_only_what_was_seen_to_be(running):
    """Between two looks at /proc nothing is known, so nothing is given up."""
    running.start(program("mute", LIVE, idle_seconds=1))
    (child,) = running.children
    progress = Progress(child.process.pid, child.log, now=0)
    progress.look(0.9)
    child.give_up_unless(progress, 1.3)
    os.kill(child.process.pid, signal.SIGSTOP)
    progress.look(2)
    with pytest.raises(ServiceError, match="mute is not ready, and idle for 1 s"):
        child.give_up_unless(progress, 4)


def test_while_waiting_it_says_what_for(running, said, monkeypatch):
    monkeypatch.setattr(service, "STILL_WAITING_SECONDS", 0.2)
    answers = (answer for answer in [*[False] * 50, True])
    running.start(program("slow", LIVE, ready=lambda: next(answers)))
    (child,) = running.children
    assert re.fullmatch(
        rf"Waiting for slow since 0 s \(0\.\d s of CPU\), see {child.log}", said[0]
    )


def test_the_cpu_time_of_a_process_counts_its_descendants_and_those_that_ended():
    burn = "while time.process_time() < 0.3: pass"
    child = f"[sys.executable, '-c', 'import time\\n{burn}']"
    code = f"import subprocess, sys, time; subprocess.run({child}); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        assert patiently(lambda: cpu_seconds(process.pid) >= 0.3)
        process.kill()
    assert cpu_seconds(process.pid) == 0


def test_a_killed_service_is_started_again_when_it_is_due(running, said):
    running.start(program("live", LIVE))
    (child,) = running.children
    child.process.kill()
    child.process.wait()
    now = child.started_at + 1
    child.tend(now, say=said.append)
    assert said == [f"live ended (SIGKILL), again in 0.4 s, see {child.log}"]
    child.tend(now + 0.3, say=said.append)
    assert child.process.poll() is not None
    child.tend(now + 0.5, say=said.append)
    assert child.process.poll() is None


def test_the_delay_grows_with_every_short_life_and_a_long_one_resets_it(running, said):
    running.start(program("live", LIVE))
    (child,) = running.children
    for lived in (1, 9.9, 10):
        child.process.kill()
        child.process.wait()
        now = child.started_at + lived
        child.tend(now, say=said.append)
        child.tend(now + 60, say=said.append)
    assert [line.split(" in ")[1].split()[0] for line in said] == ["0.4", "0.8", "0.2"]


def test_one_service_waiting_for_its_start_does_not_hold_up_another(running, said):
    for name in ("one", "two"):
        running.start(program(name, LIVE))
    one, two = running.children
    one.fails = 20
    for child in (one, two):
        child.process.kill()
        child.process.wait()
    for elapsed in (1, 2):
        for child in (one, two):
            child.tend(one.started_at + elapsed, say=said.append)
    assert one.process.poll() is not None
    assert two.process.poll() is None


def test_services_stop_in_reverse_order(home, tmp_path, said):
    order = tmp_path / "order"
    with Supervisor(home, say=said.append) as running:
        for name in ("first", "second", "third"):
            sign = tmp_path / name
            script = (
                f"trap 'echo {name} >> {order}; exit' TERM; touch {sign}; "
                "while :; do sleep 0.02; done"
            )
            running.start(shell(name, script, ready=sign.exists))
    assert order.read_text().split() == ["third", "second", "first"]
    assert said == ["Stopping …"]


def test_a_service_that_will_not_stop_is_killed_with_its_children(running, home):
    script = "trap '' TERM; sleep 600 & sleep 600; sleep 600"
    running.start(shell("deaf", script, stop_seconds=0.1))
    (child,) = running.children
    assert patiently(lambda: len(service.leftovers(home)) >= 3)
    child.stop()
    assert patiently(lambda: not service.leftovers(home))


def test_what_a_dead_service_left_in_its_group_is_killed(running, home, said):
    running.start(shell("parent", "sleep 600 & sleep 600"))
    (child,) = running.children
    assert patiently(lambda: len(service.leftovers(home)) == 3)
    child.process.kill()
    child.process.wait()
    child.tend(child.started_at + 1, say=said.append)
    assert patiently(lambda: not service.leftovers(home))


def test_a_log_that_has_grown_too_large_is_put_aside(running, home):
    log = home / "logs" / "live.log"
    log.write_bytes(b"x" * (service.LOG_BYTES + 1))
    running.start(program("live", LIVE))
    assert log.stat().st_size == 0
    assert log.with_suffix(".log.1").stat().st_size > service.LOG_BYTES


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_ends_the_block_quietly(number):
    before = signal.getsignal(number)
    reached = ["the block"]
    with stoppable():
        os.kill(os.getpid(), number)
        reached.append("what follows the signal")
    assert reached == ["the block"]
    assert signal.getsignal(number) is before


def test_a_stop_that_was_lost_in_a_finalizer_is_asked_for_again():
    reached = []
    with stoppable() as stop:
        with suppress(StopRequested):
            os.kill(os.getpid(), signal.SIGTERM)
        reached.append("what follows the signal")
        stop.check()
        reached.append("what follows the check")
    assert reached == ["what follows the signal"]


def test_a_block_that_is_not_stopped_at_once_is_when_it_checks():
    reached = []
    with stoppable(at_once=False) as stop:
        stop.check()
        os.kill(os.getpid(), signal.SIGTERM)
        reached.append("what follows the signal")
        stop.check()
        reached.append("what follows the check")
    assert reached == ["what follows the signal"]


def test_a_second_stop_signal_does_not_disturb_the_stop():
    with stoppable():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except StopRequested:
            os.kill(os.getpid(), signal.SIGINT)
            raise


def test_a_second_start_is_told_who_runs_and_where(home):
    with lock.hold(home) as held:
        held.announce("http://127.0.0.1:8000")
        expected = rf"already running .*\(pid {os.getpid()}, http://127.0.0.1:8000\)"
        with pytest.raises(lock.AlreadyRunningError, match=expected):
            lock.hold(home).__enter__()
    with lock.hold(home):
        pass  # free again


SUPERVISED = """
import sys, time
from pathlib import Path
from embedded import servers
from embedded.service import Service
from embedded.supervisor import Stop, Supervisor

home = Path(sys.argv[1])
with Supervisor(home, say=print) as running:
    servers.start(running, durable=False)
    running.start(Service(name="plain", argv=("sleep", "600")))
    print("up", flush=True)
    running.watch(Stop())
"""


@contextmanager
def killed_supervisor(home: Path) -> Iterator[None]:
    """Within, services of a supervisor run; at the end it is killed with -9."""
    argv = [sys.executable, "-c", SUPERVISED, str(home)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "up\n"
            yield
        finally:
            process.kill()


def test_a_killed_supervisor_leaves_nothing_running(filled):
    with killed_supervisor(filled):
        assert patiently(lambda: len(service.leftovers(filled)) == 3)
    assert patiently(lambda: not postgres.in_use(filled))
    assert patiently(lambda: not service.leftovers(filled))


def test_the_next_start_recovers_at_once_from_a_killed_one(filled):
    for _ in range(2):
        with killed_supervisor(filled):
            pass
        servers.recover(filled)
    with Supervisor(filled, say=print) as running:
        servers.start(running, durable=False)
        assert postgres.answers(filled)


def test_recovery_kills_what_the_kernel_could_not(home):
    orphan = "sleep 600 & exit 0"
    with Supervisor(home, say=print) as running:
        with pytest.raises(ServiceError):
            running.start(shell("parent", orphan, ready=lambda: False))
        running.children.clear()
    assert patiently(lambda: len(service.leftovers(home)) == 1)
    servers.recover(home)
    assert service.leftovers(home) == []


def test_only_processes_of_the_same_folder_count_as_leftovers(running, home, tmp_path):
    running.start(program("live", LIVE))
    assert patiently(lambda: service.leftovers(home))
    assert service.leftovers(tmp_path / "loc") == []
    assert os.getpid() not in service.leftovers(home)


def test_a_tethered_program_whose_parent_is_gone_does_not_start(tmp_path):
    sign = tmp_path / "sign"
    argv = service.tethered(("touch", str(sign)), death_signal=signal.SIGTERM)
    argv[argv.index(str(os.getpid()))] = "1"
    assert subprocess.run(argv, check=False).returncode == 1
    assert not sign.exists()


def test_a_child_sees_the_signals_as_a_program_from_a_shell_would(home):
    (home / "logs").mkdir(mode=0o700)
    ignored = shell("status", "grep SigIgn /proc/$$/status", ready=lambda: False)
    child = Child(ignored, home=home)
    child.process.wait()
    mask = int(child.log.read_text().split()[1], 16)
    assert not mask & (1 << (signal.SIGPIPE - 1))


def test_the_embedded_folder_is_closed_to_others(filled):
    with Supervisor(filled, say=print) as running:
        servers.start(running, durable=False)
        folders = (
            embedded.socket_directory(filled),
            filled / "valkey",
            filled / "logs",
        )
        assert [f"{path.stat().st_mode:o}" for path in folders] == ["40700"] * 3
