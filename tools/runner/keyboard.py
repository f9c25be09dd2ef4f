# SPDX-License-Identifier: MIT
"""Standard input for the kernel's shell: a terminal's keys, or what a pipe or a file holds.

QEMU cannot read a terminal itself: it leads a process group of its own, which the
terminal would stop. So the runner reads, and passes every byte on as it is.
"""

import contextlib
import os
import re
import sys
import termios
import threading
import tty

PROMPT = "tlbed> "  # SHELL_PROMPT of bench/shell.h

ENDED = "standard input ended and the shell waits: its last line should be `off`"
LINE_ENDS = re.compile(rb"[\r\n\x03]")  # what makes the shell prompt again; CR LF is one


class Keyboard:
    """A context: the terminal is without echo and line editing, the shell does both."""

    complaint = ENDED

    def __init__(self):
        self.fd = sys.stdin.fileno() if sys.stdin else None
        self.open = self._readable()
        self.line_ends = 0  # passed on
        self.modes = None

    def _readable(self):
        if self.fd is None or not os.isatty(self.fd):
            return self.fd is not None
        try:  # a job in the background may not touch the terminal
            return os.tcgetpgrp(self.fd) == os.getpgrp()
        except OSError:
            return False  # not our controlling terminal

    def __enter__(self):
        if self.open and os.isatty(self.fd):
            self.modes = termios.tcgetattr(self.fd)
            tty.setcbreak(self.fd)  # Ctrl-C stays a signal
        return self

    def __exit__(self, *_):
        if self.modes:
            with contextlib.suppress(termios.error):  # the terminal is gone
                termios.tcsetattr(self.fd, termios.TCSADRAIN, self.modes)

    def read(self, lines, open_line):
        """What the console says is for whoever types."""

    def feed(self, stream):
        """Passes all that comes on to stream, which this closes, in the background."""
        threading.Thread(target=self._pump, args=(stream,), daemon=True).start()

    def _pump(self, stream):
        last = b""
        with contextlib.suppress(OSError):  # QEMU has ended, or the terminal is gone
            while self.open and (data := os.read(self.fd, 4096)):
                self.line_ends += len(LINE_ENDS.findall(data)) - (last + data).count(b"\r\n")
                last = data[-1:]
                stream.write(data)
                stream.flush()
        self.open = False
        with contextlib.suppress(OSError):
            stream.close()

    def is_awaited(self, open_line):
        """Whether the kernel waits for a line that may still come."""
        return self.open and open_line.startswith(PROMPT)

    def has_ended(self, open_line, prompts):
        """Whether the kernel waits for a line that cannot come: each prompt before took one."""
        return not self.open and open_line.startswith(PROMPT) and prompts >= self.line_ends
