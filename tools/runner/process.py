# SPDX-License-Identifier: MIT
"""Child processes that never outlive the runner.

Each child leads a process group of its own, so that a wrapper's children are
killed with it; the kernel kills the child when the runner dies without a word.
"""

import ctypes
import os
import signal
import subprocess
import threading
import time

POLL_S = 0.005
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)
_lock = threading.Lock()
_running = set()
_ending = False


class Interrupted(BaseException):
    """A signal that ends the run. Not an Exception: no handler may swallow it."""

    def __init__(self, signum):
        super().__init__(signum)
        self.exit_status = 128 + signum


def install_signal_handlers():
    """Ctrl-C, timeout(1) and a closed terminal become one Interrupted in the main thread."""
    deadly = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def interrupt(signum, _frame):
        for other in deadly:
            signal.signal(other, signal.SIG_IGN)  # the children are being ended already
        raise Interrupted(signum)

    for signum in deadly:
        if signal.getsignal(signum) != signal.SIG_IGN:
            signal.signal(signum, interrupt)


def _prepare_child():
    os.setpgid(0, 0)
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def spawn(argv, stdin=subprocess.DEVNULL, **keywords):
    """subprocess.Popen, standard input empty by default. Raises OSError when argv[0] cannot run.

    To be called from a thread that lives as long as the child: the death signal
    is the thread's.
    """
    with _lock:
        if _ending:
            raise OSError("the run is ending")
        child = subprocess.Popen(argv, stdin=stdin, preexec_fn=_prepare_child, **keywords)
        _running.add(child)
    return child


def kill(child, patience_s=1.0):
    """Ends the child and its group: TERM, then KILL after patience_s. Returns its status."""
    for signum in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, signum)
        except ProcessLookupError:
            pass
        try:
            child.wait(patience_s)
            break
        except subprocess.TimeoutExpired:
            continue
    status = child.wait()
    reap(child)
    return status


def wait(child, limit_s):
    """Waits until the child ends. The most memory that it had resident, in KiB; None: it runs on.

    Once for a child, from one thread; 0 if somebody else has waited for it.
    """
    end = time.monotonic() + limit_s
    while True:
        try:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        except ChildProcessError:
            return 0
        if pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            return usage.ru_maxrss
        if time.monotonic() > end:
            return None
        time.sleep(POLL_S)


def reap(child):
    """Forgets a child that has ended, and kills what is left of its group."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    with _lock:
        _running.discard(child)


def kill_all():
    """Ends every child, and lets no new one start. For the way out."""
    global _ending
    with _lock:
        _ending = True
        children = list(_running)
    for child in children:
        kill(child)


def run(argv, limit_s, **keywords):
    """Runs to the end: (status, output, timed_out). stdout and stderr come as one text."""
    child = spawn(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **keywords)
    try:
        output, _ = child.communicate(timeout=limit_s)
        timed_out = False
    except subprocess.TimeoutExpired:
        kill(child)
        output, _ = child.communicate()
        timed_out = True
    finally:
        if child.poll() is None:
            kill(child)
        reap(child)
    return child.returncode, output.decode(errors="replace"), timed_out
