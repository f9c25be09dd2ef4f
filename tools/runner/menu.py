# SPDX-License-Identifier: MIT
"""Standard input for U-Boot's menu: chooses a label as a person does, by the number beside it.

In the place of a Keyboard (console.boot).
"""

import contextlib
import re

ASKS = "Enter choice:"
SHELL = "=> "  # where U-Boot ends when it boots nothing
LABEL = re.compile(r"\s*(\d+):\s+(\S+?):? ")  # a label's text begins with its name
GONE = "Starting kernel"


class Menu:
    """Types the number of the label, once, when U-Boot asks for it."""

    def __init__(self, label):
        self.label = label
        self.complaint = ""  # one line, when another label than this one boots, or none
        self.numbers = {}  # by name, of what the menu shows
        self.stream = None
        self.asked = self.gone = False

    def feed(self, stream):
        self.stream = stream

    def read(self, lines, open_line):
        """Takes what the console says."""
        if self.gone:
            return
        for line in lines:
            if match := LABEL.match(line + " "):
                self.numbers[match.group(2)] = match.group(1)
        self.gone = any(line.startswith(GONE) for line in lines)
        if any(line.startswith(f"Skipping {self.label} for ") for line in lines):
            self.complaint = f"U-Boot cannot load what label '{self.label}' boots"
        elif open_line.startswith(SHELL) and not self.gone:
            self.complaint = "U-Boot boots nothing from this card (make sdcard writes one)"
        elif not self.asked:
            self._choose(open_line.startswith(ASKS))

    def _choose(self, asked):
        self.asked = asked
        if asked and self.label in self.numbers:
            self._type(f"{self.numbers[self.label]}\r")
        elif asked or self.gone:
            self.complaint = f"U-Boot's menu has no label '{self.label}'"

    def _type(self, text):
        with contextlib.suppress(OSError):  # QEMU has ended, which the console says
            self.stream.write(text.encode())
            self.stream.flush()

    def is_awaited(self, _open_line):
        """U-Boot never waits without end: its time counts."""
        return False

    def has_ended(self, _open_line, _prompts):
        """Whether there is a complaint: waiting brings nothing."""
        return bool(self.complaint)
