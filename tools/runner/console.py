# SPDX-License-Identifier: MIT
"""Runs one QEMU, streams its console, and says how the run ended.

The verdict is the last line that the kernel prints, never QEMU's exit code.
"""

import re
import selectors
import subprocess
import threading
import time
from dataclasses import dataclass, field

from . import keyboard, process

BEGIN_RESULTS = "--- BEGIN RESULTS ---"
END_RESULTS = "--- END RESULTS ---"
EXIT_LINE = re.compile(r"tlbed: exit status ([0-3])")
NO_VERDICT = 4
NOT_STARTED = 5
# QEMU says these whenever the guest idles or a machine has a network card: no news.
QEMU_NOISE = re.compile(r"icount sleep disabled|warning: nic .* has no peer")
# What QEMU may take and say to end by itself after the exit line (exit=halt never does).
GRACE_S = 2.0
GRACE_BYTES = 1 << 16


@dataclass
class Boot:
    """One run of QEMU. `lines` is the console without line ends."""

    lines: list = field(default_factory=list)
    open_line: str = ""  # what follows the last line end
    status: int = NO_VERDICT
    reason: str = ""  # one line, when the kernel's own status says less
    explained: bool = False  # the reason is all: the console's last lines add nothing
    seconds: float = 0.0
    qemu_status: int | None = None  # None: it did not end by itself
    peak_kib: int = 0  # most resident memory of QEMU; 0: not known, as it did not end by itself

    def tail(self, count=15):
        """The last lines that say anything."""
        return [line for line in (*self.lines, self.open_line) if line.strip()][-count:]


class Sink:
    """A stream whose write errors end no run: the first stays in `error`, the rest is dropped."""

    def __init__(self, stream, name):
        self.stream = stream
        self.name = name
        self.error = ""  # one line

    def write(self, data):
        self._try(lambda: self._write_all(data))

    def close(self):
        self._try(lambda: self.stream.close())

    def _write_all(self, data):
        while data:  # on a disk that gets full a part may be written, without an error
            data = data[self.stream.write(data) :]
        self.stream.flush()

    def _try(self, action):
        if self.stream is None:
            return
        try:
            action()
        except (BrokenPipeError, ValueError):
            self.stream = None  # `| head` has read enough; the run goes on to its verdict
        except OSError as error:
            self.stream = None
            self.error = f"{self.name} cannot be written: {error.strerror or error}"


class Screen(Sink):
    """Shows the console as it comes, less the result lines (they are for results.json)."""

    def __init__(self, stream, show_results):
        super().__init__(stream, "standard output")
        self.show_results = show_results
        self.asked_results = False  # by the line that the shell runs
        self.hidden = False
        self.shown = 0  # bytes of the open line that are out already

    def feed(self, lines, open_line):
        for line in lines:
            text = line.rstrip(b"\n").decode(errors="replace")
            if text.startswith(keyboard.PROMPT):
                self.asked_results = "format=" in text
            if text == BEGIN_RESULTS and not (self.show_results or self.asked_results):
                self.hidden = True
            if not self.hidden:
                self.write(line[self.shown :])
            if text == END_RESULTS:
                self.hidden = False
            self.shown = 0
        # A line that may become a marker is held back until it is whole.
        if not self.hidden and not open_line.startswith((b"-", b"@")):
            self.write(open_line[self.shown :])
            self.shown = len(open_line)


def boot(argv, log_path, silence_s, total_s, screen=None, keys=None, trace=None):
    """Runs argv to its end. 0 in silence_s and total_s is no limit. Returns a Boot.

    keys: a Keyboard for the kernel's shell, or a Menu for U-Boot's; None: standard input is empty.
    trace: a Trace that takes its lines; None: they are like any others.
    """
    result = Boot()
    start = time.monotonic()
    try:
        log = Sink(open(log_path, "wb", buffering=0), log_path)  # nothing left to fail later
        child = process.spawn(
            argv, stdin=subprocess.PIPE if keys else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as error:
        result.status = NOT_STARTED
        result.reason = f"{error.filename or argv[0]}: {error.strerror or error}"
        return result
    errors = _collect(child.stderr)
    if keys:
        keys.feed(child.stdin)
    try:
        stopped = _follow(child, log, result, silence_s, total_s, screen, keys, trace)
        log.write(result.open_line.encode())
        if stopped is None:
            result.peak_kib = process.wait(child, GRACE_S) or 0
            result.qemu_status = child.returncode  # None if it does not go
    finally:
        log.close()
        if trace:
            trace.close()
        code = process.kill(child) if child.poll() is None else child.returncode
        process.reap(child)
    result.seconds = time.monotonic() - start
    result.status, result.reason = judge(result, stopped, code, errors())
    result.explained = bool(keys) and stopped == keys.complaint
    if result.explained:  # whatever else came in the same read
        result.status, result.reason = NO_VERDICT, stopped
    for error in filter(None, (log.error, screen and screen.error, trace and trace.error)):
        result.status, result.reason, result.explained = NO_VERDICT, error, True
    return result


def _collect(stream):
    """Reads a stream to its end in the background; the returned call gives the lines of news."""
    chunks = []
    thread = threading.Thread(target=lambda: chunks.extend(iter(stream.readline, b"")), daemon=True)
    thread.start()

    def news():
        thread.join(1.0)
        text = b"".join(chunks).decode(errors="replace")
        return [line for line in text.splitlines() if line and not QEMU_NOISE.search(line)]

    return news


def _follow(child, log, result, silence_s, total_s, screen, keys, trace):
    """Reads until QEMU closes the console or a limit passes; returns the limit's reason or None."""
    start = last = now = time.monotonic()
    ended = None  # when the first exit line came; after_exit: bytes since then
    after_exit = prompts = 0
    pending = b""  # the open line, a carriage return at its end included
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while True:
            before, now = now, time.monotonic()
            if keys and keys.is_awaited(result.open_line):
                start, last = start + now - before, now  # nobody is timed while somebody types
            if ended and (now - ended > GRACE_S or after_exit > GRACE_BYTES):
                return "the console goes on after the exit line"
            if keys and keys.has_ended(result.open_line, prompts):
                return keys.complaint
            if silence_s and now - last > silence_s:
                return f"hang: no console output for {silence_s} s"
            if total_s and now - start > total_s:
                return f"hang: still running after {total_s} s"
            if not selector.select(0.1):
                continue
            data = child.stdout.read1(65536)
            if not data:
                return None
            last = time.monotonic()
            after_exit += len(data) if ended else 0
            *lines, pending = (pending + data).replace(b"\r\n", b"\n").split(b"\n")
            lines = [line + b"\n" for line in lines]
            log.write(b"".join(lines))
            if trace:
                lines = trace.sort(lines)
            texts = [line[:-1].decode(errors="replace") for line in lines]
            result.lines += texts
            prompts += sum(text.startswith(keyboard.PROMPT) for text in texts)
            if not ended and any(EXIT_LINE.fullmatch(text.strip()) for text in texts):
                ended = last
            open_line = pending.rstrip(b"\r")
            result.open_line = open_line.decode(errors="replace")
            if keys:
                keys.read(texts, result.open_line)
            if screen:
                screen.feed(lines, open_line)


def exit_status(result):
    """The kernel's own status, if its exit line is the last thing on the console."""
    if result.open_line.strip():
        return None
    for line in reversed(result.lines):
        if line.strip():
            match = EXIT_LINE.fullmatch(line.strip())
            return int(match.group(1)) if match else None
    return None


def judge(result, stopped, code, errors):
    """(status, reason) of a run that ended: stopped = the limit that it passed, code = QEMU's."""
    status = exit_status(result)
    said = "".join(f": {line}" for line in errors[-2:])
    if status is not None:
        results_are_open = result.lines.count(BEGIN_RESULTS) > result.lines.count(END_RESULTS)
        if results_are_open and status != 3:
            return NO_VERDICT, f"truncated console: no `{END_RESULTS}`"
        return status, "the kernel panicked" if status == 3 else ""
    if stopped:
        return NO_VERDICT, stopped
    if code > 0 and not result.lines and not result.open_line:
        return NOT_STARTED, f"QEMU ended with status {code} before any output{said}"
    if code < 0:
        return NO_VERDICT, f"truncated console: QEMU was killed by signal {-code}{said}"
    return NO_VERDICT, f"truncated console: QEMU ended (status {code}) without the exit line{said}"
