"""The worker: runs its tasks, survives their errors, shows them, stops when told, and loudly when it must."""

import threading

import pytest

from tallystick_gateway.kit.clock import SystemClock
from tallystick_gateway.kit.errors import GatewayError
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.kit.worker import Fatal, Task, Worker

PATIENCE_S = 20


class Broken(GatewayError):
    """The thing is broken"""

    code = "test.broken"
    advice = "Mend it."


@pytest.fixture
def worker() -> Worker:
    return Worker(SystemClock())


def test_a_task_that_has_more_to_do_is_run_again_at_once(worker: Worker) -> None:
    left = iter([True, True, True, False])
    done = threading.Event()

    def run() -> bool:
        more = next(left, None)
        if not more:
            done.set()
        return bool(more)

    worker.add([Task("work", 3600, run)])
    worker.start()
    assert done.wait(PATIENCE_S)
    assert worker.stop()
    assert worker.states["work"].runs >= 4


def test_an_error_is_shown_and_the_task_goes_on(worker: Worker) -> None:
    again = threading.Event()
    errors = iter([Broken("It broke."), RuntimeError("secret detail")])

    def run() -> bool:
        for error in errors:
            raise error
        again.set()
        return False

    worker.add([Task("work", 0.01, run)])
    worker.start()
    assert again.wait(PATIENCE_S)
    assert worker.stop()
    state = worker.states["work"]
    assert state.failures == 2
    assert state.last_error is not None
    assert state.last_error["code"] == "worker.unexpected"
    assert "secret" not in str(state.wire())
    assert worker.fatal is None


def test_a_nudge_ends_the_pause(worker: Worker) -> None:
    runs = threading.Semaphore(0)

    def run() -> bool:
        runs.release()
        return False

    worker.add([Task("work", 3600, run)])
    worker.start()
    assert runs.acquire(timeout=PATIENCE_S)
    worker.nudge("work")
    assert runs.acquire(timeout=PATIENCE_S)
    worker.nudge("no such task")
    assert worker.stop()


def test_a_fatal_error_stops_every_task_and_readiness(gateway: Gateway) -> None:
    others_begun, others_ended = threading.Event(), threading.Event()

    def other() -> bool:
        others_begun.set()
        gateway.worker.stopping.wait(PATIENCE_S)
        others_ended.set()
        return False

    def run() -> bool:
        others_begun.wait(PATIENCE_S)
        raise Fatal("A finalised header changed.")

    worker, gateway.worker = gateway.worker, Worker(SystemClock())
    try:
        gateway.worker.add([Task("bad", 1, run), Task("other", 1, other)])
        gateway.worker.start()
        assert others_ended.wait(PATIENCE_S)
        assert "worker.stopped" in {reason.code for reason in gateway.reasons()}
        assert gateway.worker.stop()
    finally:
        gateway.worker = worker
    assert "worker.stopped" not in {reason.code for reason in gateway.reasons()}


def test_two_tasks_of_one_name_are_a_defect(worker: Worker) -> None:
    task = Task("work", 1, lambda: False)
    with pytest.raises(ValueError, match="work"):
        worker.add([task, task])
