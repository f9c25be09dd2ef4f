# SPDX-License-Identifier: MIT
"""results.json out of the console: the checked lines between the result markers."""

import collections
import contextlib
import datetime
import json
import os
import re
import zlib
from dataclasses import dataclass, field

from .console import BEGIN_RESULTS, END_RESULTS, EXIT_LINE

CRC_KEY = ',"crc":"'
CRC_END = re.compile(CRC_KEY + r'[0-9a-f]{8}"\}')
BEGINS = ('{"name":', '{"schema":')  # of a record and of a context
BLOCK_ID = "block_id"  # the same in all lines of a block
NO_END = "the end of results is missing"
# What the first lines of a boot begin with: any of them may be damaged or lost.
BANNER = ("tlbed git: ", "  compiler  ", "  entry     EL")
PARTIAL = ".partial"
DAMAGE_KEPT = 1000  # sentences a block


@dataclass
class Results:
    """One result block, or all of a boot's."""

    context: dict = field(default_factory=dict)
    benchmarks: list = field(default_factory=list)
    damaged: list = field(default_factory=list)  # one sentence each
    present: bool = False
    first: int = 0  # numbers of lines, from 1: the markers, or what is there without them
    last: int = 0
    unsaid: int = 0  # damaged lines past DAMAGE_KEPT

    def say(self, number, what):
        """Notes damage of a line."""
        if len(self.damaged) < DAMAGE_KEPT:
            self.damaged.append(f"line {number}: {what}")
        else:
            self.unsaid += 1


def quote(line):
    """The begin of a line that may hold anything, fit for a sentence."""
    return "".join(char if char.isprintable() else "?" for char in line[:60])


def read_record(line):
    """The object of one result line without its crc. Raises ValueError saying what is wrong."""
    body, key, tail = line.rpartition(CRC_KEY)
    if not key:
        raise ValueError("no crc")
    if tail[8:] != '"}' or f"{zlib.crc32(body.encode()):08x}" != tail[:8]:
        raise ValueError("crc mismatch")
    try:
        record = json.loads(body + "}")
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(record.get("name", ""), str):
        raise ValueError("its name is no text")
    return record


def whole_parts(line):
    """What of a line that lost its begin, or an end between two lines, is a result line all the
    same: its own CRC says so.
    """
    at = 0
    for end in CRC_END.finditer(line):
        begin = max(line.rfind(text, at, end.start()) for text in BEGINS)
        with contextlib.suppress(ValueError):
            if begin >= 0 and read_record(line[begin : end.end()]):
                yield line[begin : end.end()]
        at = end.end()


def parse(lines):
    """Reads the result blocks of one boot's console; damaged lines are named and left out."""
    reader = Reader()
    for number, line in enumerate(lines, 1):
        reader.take(number, line)
    reader.close()
    return merge(reader.found)


def merge(blocks):
    """The results of one boot: those of all its blocks, as the shell prints one for each line."""
    found = Results()
    for block in blocks:
        found.context.update(block.context)
        found.benchmarks += block.benchmarks
        found.damaged += block.damaged
        found.present |= block.present
    promised = [block.context.get("records") for block in blocks]
    if len(blocks) > 1 and all(isinstance(count, int) for count in promised):
        found.context["records"] = sum(promised)
    if blocks:
        found.first, found.last = blocks[0].first, blocks[-1].last
    return found


def ends_boot(line):
    """Whether no block goes on past this line: the end of a boot, or the begin of the next."""
    return line.startswith(BANNER) or EXIT_LINE.fullmatch(line.strip()) is not None


class Reader:
    """Cuts a console into blocks, each a Results in `found`. A lost begin is seen by the records,
    a lost end by what follows.
    """

    def __init__(self):
        self.found = []
        self.block = None  # the open one
        self.seen = {}  # its good lines, each with its number
        self.block_id = None  # theirs
        self.is_fresh = False  # nothing but the begin of the open block
        self.booting = True  # no block yet since the boot began
        self.number = 0  # of the last line

    def take(self, number, line):
        """The next line, its number from 1."""
        if line == BEGIN_RESULTS and self.block and self.is_fresh:
            self.block.say(number, "the begin of results once more")
        elif line == BEGIN_RESULTS:
            self.close()
            self._open(number)
        elif line == END_RESULTS:
            self._end(number)
        elif ends_boot(line):
            self.close()
            self.booting = True
        elif line and self.block:
            self._record(number, line)
        elif CRC_KEY in line:
            self._open(number)
            self.block.say(number, "a record without the begin of results")
            self._record(number, line)
        self.number = number

    def close(self):
        """Ends the open block, if there is one, with the last line."""
        if self.block:
            self.block.say(self.number, NO_END)
            self._close(self.number)

    def _open(self, number):
        self.block = Results(present=True, first=number)
        self.found.append(self.block)
        self.seen = {}
        self.block_id = None
        self.is_fresh = True
        self.booting = False

    def _end(self, number):
        if self.block:
            self._close(number)
            return
        if self.booting:  # else it is the last block's end once more
            self.found.append(Results(first=number, last=number))
            self.booting = False
        self.found[-1].say(number, "end of results without their begin")

    def _close(self, number):
        block, self.block = self.block, None
        block.last = number
        if block.unsaid:
            block.damaged.append(f"{block.unsaid} more lines")
        block.damaged[:0] = self._missing(block)

    def _missing(self, block):
        """Sentences on what a block lacks; takes records out whose boot is not known."""
        counts = collections.Counter(record["name"] for record in block.benchmarks)
        # Of two boots, by a gap between them: which is whose is not known.
        sentences = [f"{name}: {count} records that differ, none is taken"
                     for name, count in counts.items() if count > 1]
        block.benchmarks = [record for record in block.benchmarks if counts[record["name"]] == 1]
        count = len(block.benchmarks)
        if not block.context:
            sentences.append("the context is missing")
        elif block.context.get("records", count) != count:
            sentences.append(f"{count} of {block.context['records']} records are there")
        return sentences

    def _is_anothers(self, record, block_id):
        """Whether a line is no part of the open block: of another boot's, after a gap."""
        if "name" not in record and self.block.context:  # a block begins with its context
            return True
        return None not in (block_id, self.block_id) and block_id != self.block_id

    def _record(self, number, line):
        self.is_fresh = False
        if line in self.seen:
            self.block.say(number, f"the same as line {self.seen[line]}: {quote(line)}")
            return
        try:
            record = read_record(line)
        except ValueError as error:
            self.block.say(number, f"{error}: {quote(line)}")
            for part in whole_parts(line):
                self._record(number, part)
            return
        block_id = record.pop(BLOCK_ID, None)
        if self._is_anothers(record, block_id):
            self.close()
            self._open(number)
            self.block.say(number, "of another block, without the begin of results")
        self.block_id = block_id
        self.seen[line] = number
        if "name" in record:
            self.block.benchmarks.append(record)
        else:
            self.block.context = record


def write(results, path, origin):
    """Writes Google Benchmark's schema, all or nothing. What differs by run goes to the context.

    origin: where the console came from, a dict for the context.
    """
    context = dict(results.context)
    context["date"] = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
    context.update(origin)
    context.setdefault("executable", "tlbed")
    if results.damaged:
        context["damaged"] = results.damaged
    text = json.dumps({"context": context, **_apart(results.benchmarks)}, indent=2)
    partial = path + PARTIAL
    try:
        with open(partial, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.remove(partial)
        raise


def _apart(records):
    """Records of `force=silicon` are no figures: they go where nothing that compares looks."""
    forced = [record for record in records if record.get("forced")]
    figures = [record for record in records if not record.get("forced")]
    return {"benchmarks": figures, **({"forced": forced} if forced else {})}
