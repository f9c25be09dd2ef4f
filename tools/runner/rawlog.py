# SPDX-License-Identifier: MIT
"""A raw console log, as a serial port or a terminal program gives it: a boot loader's text, any
line ends, several boots. Finds their result blocks, silicon checks and verdicts.

Of the log's text only what belongs to these is kept: a log may be mostly noise, and large.
"""

import io
import re
import zlib
from dataclasses import dataclass, field

from . import console, keyboard, results

BEGIN_CHECK = "--- BEGIN SILICON CHECK ---"
END_CHECK = "--- END SILICON CHECK ---"
CRC_LINE = re.compile(r"crc: [0-9a-f]{8}")
KEY_VALUE = re.compile(r"[^:]+: .*")
CHECK_LINES_MAX = 10000  # the kernel's have room for fewer
LOADED = "Starting kernel ..."  # U-Boot's last words
# After these no exit status is 0.
FAILURES = ("not ok ", "FAILED  ", "tlbed: panic: ", "unknown option '", "malformed value '", "no match for '")
TEXT = re.compile(rb"[^\r\n]+")
NO_EXIT = "no exit line"
CUT = "the exit line has no line end, the log is cut"


@dataclass
class Check:
    """One silicon check: the lines between its markers."""

    first: int  # numbers of lines
    last: int = 0
    lines: list = field(default_factory=list)
    numbers: list = field(default_factory=list)  # of these lines
    is_good: bool = False  # by its crc, whatever its end
    damaged: list = field(default_factory=list)  # one sentence each

    def text(self):
        """The block for pasting."""
        return "\n".join([BEGIN_CHECK, *self.lines, END_CHECK, ""])


@dataclass
class Boot:
    """What the log has of one boot."""

    line: int = 1  # the number of its first
    is_seen: bool = False  # by its banner, or by U-Boot's last words
    status: int | None = None  # of its exit line
    failure: str = ""  # the first line that tells of one
    blocks: list = field(default_factory=list)
    checks: list = field(default_factory=list)


def lines(data):
    """(number, text, whether it has its end) of each line that is not empty. CRs end lines, too,
    and a NUL is none's; the number counts LFs, as an editor does.
    """
    for number, raw in enumerate(io.BytesIO(data), 1):
        raw = raw.replace(b"\0", b"")
        for text in TEXT.finditer(raw):
            yield number, text.group().decode(errors="replace"), text.end() < len(raw)


def exit_status(line):
    """The status if this is the exit line, else None."""
    match = console.EXIT_LINE.fullmatch(line.strip())
    return int(match.group(1)) if match else None


def has_exit_line(raw):
    """Whether there is one between two LFs."""
    return any(exit_status(text) is not None for _, text, _ in lines(raw))


def place(found):
    """Where a block or a check lies, for people."""
    return f"lines {found.first}-{found.last}"


class Log:
    """The boots of a log, but those that left nothing and were not the last."""

    def __init__(self, data):
        self.boots = [Boot()]
        self.is_cut = False  # the exit line has no end
        self._reader = results.Reader()
        self._placed = 0  # blocks that have their boot
        self._prompted = False  # by the shell, since the last block
        self._check = None  # the open one
        self._number = 0  # of the last line
        for number, text, is_whole in lines(data):
            self._take(number, text, is_whole)
            self._number = number
        self._reader.close()
        self._close_check(False)

    @property
    def blocks(self):
        return [block for boot in self.boots for block in boot.blocks]

    @property
    def checks(self):
        return [check for boot in self.boots for check in boot.checks]

    def judge(self, boot, stopped=NO_EXIT):
        """(status, reason) of a boot. stopped: why there may be no exit line."""
        if boot.status is None:
            return console.NO_VERDICT, CUT if self.is_cut and boot is self.boots[-1] else stopped
        if boot.status == 0 and boot.failure:
            return 1, f"the exit line says 0, and {boot.failure}"
        return boot.status, "the kernel panicked" if boot.status == 3 else ""

    def later_boot(self, boot):
        """The last boot after this one, or None."""
        last = self.boots[-1]
        return last if last is not boot and (last.is_seen or last.status is not None) else None

    def _take(self, number, line, is_whole):
        status = exit_status(line)
        if line.startswith(results.BANNER) or line.startswith(LOADED) and not self._reader.block:
            self._see_boot(number, line)
        self._reader.take(number, line)
        for block in self._reader.found[self._placed :]:
            self._place(block)
        self._take_check(number, line, status is not None)
        if status is not None and is_whole:
            self._boot(number).status = status
        elif status is not None:
            self.is_cut = True
        elif line.startswith(FAILURES):
            self._note_failure(number, line)
        elif line.startswith(keyboard.PROMPT):
            self._prompted = True

    def _begin(self, number):
        boot = self.boots[-1]
        if not boot.blocks and not boot.checks:
            self.boots.pop()
        self.boots.append(Boot(number))

    def _boot(self, number):
        """The boot that a line of the kernel's belongs to: not one that has ended."""
        if self.boots[-1].status is not None:
            self._begin(number)
        return self.boots[-1]

    def _note_failure(self, number, line):
        boot = self.boots[-1]
        if boot.status is None and not boot.failure:
            boot.failure = f"line {number} is `{results.quote(line)}`"

    def _see_boot(self, number, line):
        """A banner has several lines, and follows U-Boot's last words."""
        boot = self.boots[-1]
        is_more = boot.is_seen and not line.startswith((LOADED, results.BANNER[0]))
        if not is_more or boot.blocks or boot.checks or boot.status is not None:
            self._begin(number)
        self.boots[-1].is_seen = True

    def _place(self, block):
        """Two blocks of one boot have the shell's prompt between them."""
        boot = self._boot(block.first)
        if boot.blocks and not self._prompted:
            self._begin(block.first)
        self.boots[-1].blocks.append(block)
        self._placed += 1
        self._prompted = False

    def _take_check(self, number, line, is_exit):
        is_end = line == END_CHECK
        if is_end and not self._check:
            lost = Check(number, number, damaged=[f"line {number}: end without begin"])
            self._boot(number).checks.append(lost)
        elif is_end:
            self._number = number
            self._close_check(True)
        elif line == BEGIN_CHECK or is_exit or line.startswith(results.BANNER):
            self._close_check(False)
        elif self._check:
            self._check.lines.append(line)
            self._check.numbers.append(number)
            if len(self._check.lines) > CHECK_LINES_MAX:
                self._number = number
                self._close_check(False)
        if line == BEGIN_CHECK:
            self._check = Check(number)
            self._boot(number).checks.append(self._check)

    def _close_check(self, is_whole):
        """Ends the open check, if there is one, with the last line."""
        check, self._check = self._check, None
        if not check:
            return
        check.last = self._number
        at = next((at for at, line in enumerate(check.lines) if CRC_LINE.fullmatch(line)), None)
        if at:  # the crc of nothing is of no check
            body = "".join(f"{line}\n" for line in check.lines[:at])
            check.is_good = check.lines[at] == f"crc: {zlib.crc32(body.encode()):08x}"
        if not is_whole:
            check.damaged.append(f"{place(check)}: its end is missing")
        elif at is None:
            check.damaged.append(f"{place(check)}: its crc is missing")
        elif at + 1 < len(check.lines):
            check.damaged.append(f"line {check.numbers[at + 1]}: text after the crc")
        elif not check.is_good:
            check.damaged.append(f"{place(check)}: crc mismatch")
        if check.is_good:
            check.lines = check.lines[: at + 1]
        else:
            check.damaged += [f"line {number}: not `key: value`: {results.quote(line)}"
                              for number, line in zip(check.numbers, check.lines)
                              if not KEY_VALUE.fullmatch(line)]
