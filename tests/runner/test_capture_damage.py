# SPDX-License-Identifier: MIT
"""What tools/capture makes of logs that were damaged at random: properties, not cases."""

import contextlib
import json
import os
import random
import re

import tap  # puts tools/ on the path
from test_capture import (BANNER, GOOD_END, SEED, UBOOT, CaptureCase, boot_of, check, context, join,
                          records, sealed)

from runner import console, rawlog

ROUNDS = 1200
RUNS = 60


class Damager:
    """Ways in which a serial line and what reads it lose and change bytes."""

    def __init__(self, chance):
        self.chance = chance

    def span(self, data, most):
        at = self.chance.randrange(len(data))
        return at, min(len(data), at + self.chance.randint(1, most))

    def line(self, data):
        """Where a line chosen at random begins and ends."""
        at = self.chance.randrange(len(data))
        return data.rfind(b"\n", 0, at) + 1, data.find(b"\n", at) + 1 or len(data)

    def flip(self, data):
        at = self.chance.randrange(len(data))
        return data[:at] + bytes([data[at] ^ 1 << self.chance.randrange(8)]) + data[at + 1 :]

    def noise(self, data):
        at, end = self.span(data, 40)
        return data[:at] + self.chance.randbytes(end - at) + data[end:]

    def drop(self, data):
        at, end = self.span(data, self.chance.choice((1, 1, 64, 4096)))
        return data[:at] + data[end:]

    def double(self, data):
        at, end = self.span(data, self.chance.choice((1, 16, 512)))
        return data[:end] + data[at:]

    def drop_line(self, data):
        at, end = self.line(data)
        return data[:at] + data[end:]

    def double_line(self, data):
        at, end = self.line(data)
        return data[:end] + data[at:]

    def cut_line(self, data):
        at, end = self.line(data)
        return data[: self.chance.randint(at, end)] + b"\r\n" + data[end:]

    def swap_lines(self, data):
        """Two of one boot: whose a line is, it does not say."""
        at, end = self.line(data)
        far = data.find(b"\n", min(len(data) - 1, end + self.chance.randrange(1000))) + 1
        farther = data.find(b"\n", far) + 1
        if not end <= far < farther:
            return data
        return data[:at] + data[far:farther] + data[end:far] + data[at:end] + data[farther:]

    def mix_line_ends(self, data):
        ends = [b"\n", b"\r\n", b"\r\r\n", b"\r", b"\n\r", b"\0\n"]
        return b"".join(line + self.chance.choice(ends) for line in data.split(b"\r\n"))

    def put_nuls(self, data):
        at = self.chance.randrange(len(data))
        return data[:at] + b"\0" * self.chance.randint(1, 8) + data[at:]

    def spoil_marker(self, data):
        marker = self.chance.choice((b"BEGIN RESULTS", b"END RESULTS", b"BEGIN SILICON", b"END SILICON",
                                     b"exit status", b"tlbed git"))
        return data.replace(marker, marker[:-1] + b"?", 1)

    def cut_log(self, data):
        at = self.chance.randrange(len(data))
        return data[at:] if self.chance.random() < 0.5 else data[: at + 1]

    def put_line(self, data):
        """Somebody else's, between two lines."""
        at, _ = self.line(data)
        text = self.chance.choice((*UBOOT, "ok 7 - map/y", "  boot     memory", "{", "crc: 00000000"))
        return data[:at] + text.encode() + b"\r\n" + data[at:]

    def put_text(self, data):
        """Somebody else's, anywhere."""
        at = self.chance.randrange(len(data))
        text = self.chance.choice((b"\xff\xfe\xc3", b"\xed\xa0\x80", b"=> ", b"\x1b[2J\x0b\x85", b"\b\b",
                                   b"tlbed: exit ", b'{"name":"x"', b',"crc":"'))
        return data[:at] + text + data[at:]

    def put_endless_line(self, data):
        at = self.chance.randrange(len(data))
        return data[:at] + b"x" * self.chance.choice((80, 5000, 200000)) + data[at:]

    def reset(self, data):
        """In the middle of a boot, and the boot loader's text again."""
        at = self.chance.randrange(len(data))
        return data[:at] + join(UBOOT) + data[at // 2 :]

    WAYS = (flip, noise, drop, double, drop_line, double_line, cut_line, swap_lines, mix_line_ends,
            put_nuls, spoil_marker, cut_log, put_line, put_text, put_endless_line)


def standing(data):
    """The lines of a log, found without the code under test."""
    return {text.decode(errors="replace") for text in re.split(rb"[\r\n]+", data.replace(b"\0", b""))}


class Property(tap.ScratchCase):
    """Whatever a damaged log gives as good is what a board sent, to the bit; all that is whole is
    given; and a boot has its own exit status or none.
    """

    COUNT = 12
    BOOTS = (1, 2)  # each ends with its number as the exit status

    def setUp(self):
        super().setUp()
        self.log = b"".join(join(boot_of(boot, self.COUNT, f"tlbed: exit status {boot}"))
                            for boot in self.BOOTS)
        self.lines = {sealed(record, boot) for boot in self.BOOTS for record in records(boot, self.COUNT)}
        self.bare = {sealed(record) for boot in self.BOOTS for record in records(boot, self.COUNT)}
        self.sent = {boot: (context(boot, self.COUNT), records(boot, self.COUNT)) for boot in self.BOOTS}
        self.checks = ["\n".join([*check(boot), ""]) for boot in self.BOOTS]

    def damage(self, chance, ways):
        damager, data = Damager(chance), self.log
        for _ in range(chance.randint(1, 5)):
            data = chance.choice(ways)(damager, data) or b"\n"
        return data

    def verify_block(self, found):
        for record in found.benchmarks:
            self.assertIn(sealed(record), self.bare)
        self.assertIn(found.context, [{}, *(sent[0] for sent in self.sent.values())])
        for sentence in found.damaged:
            self.assertEqual(len(sentence.splitlines()), 1, sentence)
        if not found.damaged:
            ordered = sorted(found.benchmarks, key=lambda record: record["pages"])
            self.assertIn((found.context, ordered), list(self.sent.values()))

    def verify_nothing_lost(self, log, data):
        given = {sealed(record, record["real_time"] // 1000)
                 for block in log.blocks for record in block.benchmarks}
        refused = [sentence.partition(": ")[0] for block in log.blocks for sentence in block.damaged
                   if sentence.endswith("none is taken")]
        data = data.replace(b"\0", b"")
        lost = [line for line in self.lines - given
                if line.encode() in data and json.loads(line)["name"] not in refused]
        self.assertEqual(lost, [])

    def verify_status(self, log, data):
        """Where no exit line was made another."""
        said = {console.EXIT_LINE.fullmatch(line.strip()) for line in standing(data)} - {None}
        if {int(match.group(1)) for match in said} - set(self.BOOTS):
            return
        for boot in log.boots:
            whole = [block for block in boot.blocks if not block.damaged]
            if whole:
                number = whole[-1].benchmarks[0]["real_time"] // 1000
                self.assertIn(log.judge(boot)[0], (number, 4))

    def verify(self, data):
        """The counts of (whole blocks, records, good checks) of a damaged log."""
        log = rawlog.Log(data)
        for found in log.blocks:
            self.verify_block(found)
        self.verify_nothing_lost(log, data)
        self.verify_status(log, data)
        good = [found for found in log.checks if found.is_good]
        for found in good:
            self.assertIn(found.text(), self.checks)
        return (sum(not found.damaged for found in log.blocks),
                sum(len(found.benchmarks) for found in log.blocks), len(good))

    def test_what_is_reported_as_good(self):
        chance = random.Random(SEED)
        self.assertEqual(self.verify(self.log), (2, 24, 2))
        totals = [0, 0, 0]
        for _ in range(ROUNDS):
            totals = [a + b for a, b in zip(totals, self.verify(self.damage(chance, Damager.WAYS)))]
        # Most of it is found, else the rest of this test shows nothing.
        self.assertGreater(totals[0], ROUNDS * 2 // 4)
        self.assertGreater(totals[1], ROUNDS * 24 // 2)
        self.assertGreater(totals[2], ROUNDS * 2 // 2)

    def test_each_way_alone(self):
        for way in (*Damager.WAYS, Damager.reset):
            chance = random.Random(SEED)
            with self.subTest(way.__name__):
                for _ in range(ROUNDS // len(Damager.WAYS)):
                    self.verify(self.damage(chance, [way]))

    def test_every_cut(self):
        """A log that ends or begins anywhere: nothing is made up, and no cut log is whole."""
        data = join(boot_of(1, 2))
        self.sent[1] = (context(1, 2), records(1, 2))
        end = data.index(b"--- END RESULTS ---") + len("--- END RESULTS ---")
        for at in range(len(data)):
            self.assertEqual(self.verify(data[:at])[0], at >= end, at)
            self.verify(data[at:])
            log = rawlog.Log(data[:at])
            self.assertEqual(log.judge(log.boots[-1])[0] == 0, at > len(data) - 2)

    def test_every_flipped_bit(self):
        """Of one boot: whatever bit it is, no record is wrong, and what changed is said."""
        data = join(boot_of(1, 2, GOOD_END))
        self.sent[1] = (context(1, 2), records(1, 2))
        begin = data.index(b"--- BEGIN R")
        end = data.index(b"--- END R") + len("--- END RESULTS ---")
        for at in range(begin, end):
            for bit in range(8):
                self.verify(data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])

    def test_a_boot_whose_begin_is_damaged_is_no_part_of_the_one_before(self):
        """One line of those that begin it is enough."""
        hung = [line for line in boot_of(1, self.COUNT) if line != GOOD_END]
        signs = ["Starting kernel ...", *(line for line in BANNER if not line.startswith("  board"))]
        for kept in signs:
            for second in (boot_of(2, self.COUNT), [*BANNER, "ok 1 - map/x", GOOD_END]):
                lines = [kept, *(line for line in second if line not in signs)]
                log = rawlog.Log(join([*hung, *lines]))
                self.assertEqual([boot.status for boot in log.boots], [None, 0])
                self.assertEqual(len(log.boots[0].blocks), 1)


class Whole(CaptureCase):
    """The command itself, on such logs."""

    def test_exit_status_and_sentences(self):
        chance, damager = random.Random(SEED), Damager(random.Random(SEED))
        for _ in range(RUNS):
            data = join(boot_of(1, 12))
            for _ in range(chance.randint(1, 3)):
                data = chance.choice(Damager.WAYS)(damager, data) or b"\n"
            status = self.capture(data)
            self.assertIn(status, range(5))
            for line in self.err.splitlines():
                self.assertTrue(line.startswith("tlbed: "), line)
                self.assertTrue(line.isprintable(), line)
            if status == 0 and "no result block" not in self.err:
                found = sorted(self.results()["benchmarks"], key=lambda record: record["pages"])
                self.assertEqual(found, records(1, 12))
                self.assertEqual(self.err.count("\n"), 1 + bool(self.out), self.err)
            with contextlib.suppress(OSError):
                os.remove(self.path("results.json"))


if __name__ == "__main__":
    tap.main()
