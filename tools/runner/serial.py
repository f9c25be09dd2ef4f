# SPDX-License-Identifier: MIT
"""A serial port: raw, at one speed, read without a pause so that no byte is lost while somebody
else is slow.
"""

import contextlib
import errno
import fcntl
import os
import queue
import re
import termios
import threading

from . import rawlog

SPEEDS = {int(name[1:]): getattr(termios, name) for name in dir(termios)
          if re.fullmatch(r"B[1-9]\d+", name)}
CHUNK = 1 << 16
LINE_MAX = 1 << 17  # bytes; the kernel's longest are 80 KiB


class Trouble(Exception):
    """Why a port cannot be used, in one line."""


class Port:
    """A context: the port is ours alone and raw, 8n1; its modes come back."""

    def __init__(self, path, baud):
        self.path = path
        if baud not in SPEEDS:
            raise Trouble(f"{baud} baud is no speed of this machine's: {', '.join(map(str, sorted(SPEEDS)))}")
        taken = Trouble(f"{path}: another program has it")
        try:  # not blocking: without a carrier the open would wait for one
            self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError as error:
            raise taken if error.errno == errno.EBUSY else error from None
        os.set_blocking(self.fd, True)
        if not os.isatty(self.fd):
            raise Trouble(f"{path} is neither a serial port nor a log")
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.modes = termios.tcgetattr(self.fd)
            self._set(baud)
            fcntl.ioctl(self.fd, termios.TIOCEXCL)  # for those who ask for no lock; root may
        except BlockingIOError:
            raise taken from None
        except OSError as error:
            raise Trouble(f"{path}: {error.strerror}") from None
        except termios.error as error:
            raise Trouble(f"{path}: {error.args[-1]}") from None

    def _set(self, baud):
        speed, characters = SPEEDS[baud], list(self.modes[6])
        characters[termios.VMIN], characters[termios.VTIME] = 1, 0
        flags = [0, 0, termios.CS8 | termios.CREAD | termios.CLOCAL, 0]
        # Now, not after a flush: what is there already is the console's, too.
        termios.tcsetattr(self.fd, termios.TCSANOW, [*flags, speed, speed, characters])
        # A driver takes the nearest speed that it has, and says so here alone.
        if termios.tcgetattr(self.fd)[4:6] != [speed, speed]:
            termios.tcsetattr(self.fd, termios.TCSANOW, self.modes)
            raise Trouble(f"{self.path} does not take {baud} baud")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(termios.error, OSError):  # the port is gone
            termios.tcsetattr(self.fd, termios.TCSANOW, self.modes)
            fcntl.ioctl(self.fd, termios.TIOCNXCL)

    def writer(self):
        """A stream to the board."""
        return os.fdopen(os.dup(self.fd), "wb", buffering=0)


class Splitter:
    """Cuts a stream into lines, at a cost that is linear: what is longer than LINE_MAX is no line
    of the kernel's, and comes in pieces of which none, the last one neither, is a line.
    """

    def __init__(self):
        self.open = b""  # what follows the last line end
        self.is_torn = False  # pieces of it have gone

    def feed(self, data):
        """The lines, with their ends, and pieces without one."""
        *whole, self.open = (self.open + data).replace(b"\r\n", b"\n").split(b"\n")
        lines = [line + b"\n" for line in whole]
        if self.is_torn and lines:
            lines[:1] = [whole[0], b"\n"]
            self.is_torn = False
        if len(self.open) > LINE_MAX:
            lines.append(self.open)
            self.open, self.is_torn = b"", True
        return lines


class Listener:
    """Reads a port into a log in the background, and hands on what came."""

    def __init__(self, port, log):
        self.port = port
        self.log = log
        self.chunks = []
        self.error = ""  # why the port ended
        self._queue = queue.SimpleQueue()
        threading.Thread(target=self._pump, daemon=True).start()

    def _pump(self):
        while True:
            try:
                data = os.read(self.port.fd, CHUNK)
            except OSError as error:
                # EIO is what the terminal layer says of a device that was unplugged.
                self.error = "" if error.errno == errno.EIO else f": {error.strerror}"
                data = b""
            self.log.write(data)
            self._queue.put(data)
            if not data:
                return

    def follow(self, screen, silence_s):
        """Shows the console up to its exit line. Returns why there is none, "" if there is."""
        splitter = Splitter()
        while True:
            try:
                data = self._queue.get(timeout=silence_s or None)
            except queue.Empty:
                return f"no output for {silence_s} s"
            if not data:
                return f"{self.port.path} went away{self.error}"
            self.chunks.append(data)
            lines = splitter.feed(data)
            screen.feed(lines, splitter.open.rstrip(b"\r"))
            if any(rawlog.has_exit_line(line) for line in lines if line.endswith(b"\n")):
                return ""
