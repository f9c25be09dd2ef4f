# SPDX-License-Identifier: MIT
"""Standard input for U-Boot's menu: chooses a label as a person does, by the number beside it.

In the place of a Keyboard (console.boot).
"""

import contextlib
import re

PROMPT = "Enter choice:"
LABEL = re.compile(r"\s*(\d+):\s+(\S+?):? ")  # a label's text begins with its name
GONE = "Starting kernel"


class Menu:
    """Types the number of the label, once, when U-Boot asks for it."""

    def __init__(self, label):
        self.label = label
        self.complaint = f"U-Boot's menu has no label '{label}'"
        self.numbers = {}  # by name, of what the menu shows
        self.stream = None
        self.asked = False
        self.failed = False

    def feed(self, stream):
        self.stream = stream

    def read(self, lines, open_line):
        """Takes what the console says."""
        if self.asked:
            return
        for line in lines:
            if match := LABEL.match(line + " "):
                self.numbers[match.group(2)] = match.group(1)
        self.asked = open_line.startswith(PROMPT)
        if self.asked and self.label in self.numbers:
            self._type(f"{self.numbers[self.label]}\r")
        elif self.asked or any(line.startswith(GONE) for line in lines):
            self.failed = True

    def _type(self, text):
        with contextlib.suppress(OSError):  # QEMU has ended, which the console says
            self.stream.write(text.encode())
            self.stream.flush()

    def is_awaited(self, _open_line):
        """U-Boot never waits without end: its time counts."""
        return False

    def has_ended(self, _open_line, _prompts):
        """Whether another label than this one boots."""
        return self.failed
