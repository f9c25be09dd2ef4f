# SPDX-License-Identifier: MIT
"""The event trace out of the console (`trace=1`, docs/trace.md): a file of its own.

Its lines begin with `@ `, between two markers; whatever else the kernel says meanwhile stays
what it is.
"""

import contextlib
import os

BEGIN = b"--- BEGIN TRACE ---\n"
END = b"--- END TRACE ---\n"
MARK = b"@ "


class Trace:
    """Takes the trace's lines as they come: they may be millions, so that none is kept."""

    def __init__(self, path):
        self.path = path
        self.lines = 0  # of events, tables and slots
        self.error = ""  # one line
        self._file = None
        self._open = False
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)  # never the trace of another run than the last

    def sort(self, lines):
        """What is not the trace's of these whole lines."""
        if not self._open and BEGIN not in lines:
            return lines
        mine, others = [], []
        for line in lines:
            (mine if self._is_mine(line) else others).append(line)
        self._write(b"".join(mine))
        return others

    def _is_mine(self, line):
        if line == BEGIN:
            self._open = True
            return True
        if not self._open:
            return False
        self._open = line != END
        self.lines += line.startswith(MARK)
        return line == END or line.startswith(MARK)

    def _write(self, data):
        try:
            if data and not self._file and not self.error:
                self._file = open(self.path, "wb")
            if data and self._file:
                self._file.write(data)
        except OSError as error:
            self.close()
            self.error = f"{self.path} cannot be written: {error.strerror or error}"

    def close(self):
        if self._file:
            with contextlib.suppress(OSError):
                self._file.close()
        self._file = None
