# SPDX-License-Identifier: MIT
"""A raw console log, as a serial port or a terminal program gives it: a boot loader's text, any
line ends, several boots. Finds their result blocks, silicon checks and verdicts.
"""

import re
import zlib
from dataclasses import dataclass, field

from . import console, results

BEGIN_CHECK = "--- BEGIN SILICON CHECK ---"
END_CHECK = "--- END SILICON CHECK ---"
CRC_LINE = re.compile(r"crc: ([0-9a-f]{8})")
KEY_VALUE = re.compile(r"[^:]+: .*")
NO_EXIT = "no exit line"


@dataclass
class Check:
    """One silicon check: the lines between its markers, at these indices."""

    first: int
    last: int = 0
    lines: list = field(default_factory=list)
    damaged: list = field(default_factory=list)  # one sentence each

    def text(self):
        """The block for pasting."""
        return "\n".join([BEGIN_CHECK, *self.lines, END_CHECK, ""])


def split(raw):
    """The texts of what lies between two LFs: CRs end lines, too, and a NUL is none's."""
    parts = raw.replace(b"\0", b"").split(b"\r")
    return [part.decode(errors="replace") for part in parts if part]


def is_exit_line(raw):
    return any(console.EXIT_LINE.fullmatch(text.strip()) for text in split(raw))


class Log:
    """The lines of a log, without blank ones. numbers: each one's, as an editor counts."""

    def __init__(self, data):
        self.lines, self.numbers = [], []
        for number, raw in enumerate(data.split(b"\n"), 1):
            texts = split(raw)
            self.lines += texts
            self.numbers += [number] * len(texts)
        is_open = bool(split(data.rpartition(b"\n")[2])) and not data.rstrip(b"\0").endswith(b"\r")
        self.whole = len(self.lines) - is_open  # how many have their line end
        self.blocks = results.blocks(self.lines, self.numbers)
        self.checks = list(self._find_checks())

    def place(self, block):
        """Where a block lies, for people."""
        return f"lines {self.numbers[block.first]}-{self.numbers[block.last]}"

    def judge(self, block, stopped=NO_EXIT):
        """(status, reason) of the boot that the block is of; None: of the last boot.

        stopped: why there may be no exit line.
        """
        end = self._exit_after(block.last + 1) if block else self._last_exit()
        if end is None and self._is_cut():
            stopped = "the exit line has no line end, the log is cut"
        first = block.first if block else 0
        lines = [] if end is None else self.lines[first : end + 1]
        return console.judge(console.Boot(lines=lines), stopped, 0, [])

    def later_boot(self, block):
        """The number of the last line that begins or ends a boot after the block's, else None."""
        end = self._exit_after(block.last + 1)
        start = block.last if end is None else end
        found = [index for index in range(start + 1, self.whole)
                 if results.ends_boot(self.lines[index])]
        return self.numbers[found[-1]] if found else None

    def _exit_after(self, start):
        for index in range(start, self.whole):
            if console.EXIT_LINE.fullmatch(self.lines[index].strip()):
                return index
            if self.lines[index].startswith((results.BANNER, console.BEGIN_RESULTS)):
                return None
        return None

    def _last_exit(self):
        for index in reversed(range(self.whole)):
            if results.ends_boot(self.lines[index]):
                return None if self.lines[index].startswith(results.BANNER) else index
        return None

    def _is_cut(self):
        return self.whole < len(self.lines) and is_exit_line(self.lines[-1].encode())

    def _find_checks(self):
        check = None
        for index, line in enumerate(self.lines):
            is_end = line == END_CHECK
            if check and (is_end or line == BEGIN_CHECK or results.ends_boot(line)):
                yield self._close(check, index if is_end else index - 1, is_end)
                check = None
            elif is_end:
                yield Check(index, index, [], [f"line {self.numbers[index]}: end without begin"])
            elif check:
                check.lines.append(line)
            if line == BEGIN_CHECK:
                check = Check(index)
        if check:
            yield self._close(check, len(self.lines) - 1, False)

    def _close(self, check, last, is_whole):
        check.last = last
        match = CRC_LINE.fullmatch(check.lines[-1]) if check.lines else None
        body = "".join(f"{line}\n" for line in check.lines[:-1])
        if not is_whole:
            check.damaged.append(f"{self.place(check)}: its end is missing")
        elif not match:
            check.damaged.append(f"{self.place(check)}: the last line is no crc")
        elif f"{zlib.crc32(body.encode()):08x}" != match.group(1):
            check.damaged.append(f"{self.place(check)}: crc mismatch")
        if check.damaged:
            check.damaged += [f"line {self.numbers[check.first + 1 + at]}: not `key: value`: {line[:60]}"
                              for at, line in enumerate(check.lines) if not KEY_VALUE.fullmatch(line)]
        return check
