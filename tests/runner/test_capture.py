# SPDX-License-Identifier: MIT
"""tools/capture on logs: what terminal programs save, and logs that were damaged on purpose."""

import json
import os
import random
import resource
import subprocess
import sys
import unittest
import zlib

import tap  # puts tools/ on the path

CAPTURE = os.path.join(tap.TOP, "tools", "capture")
GOOD_END = "tlbed: exit status 0"
UBOOT = ["DDR 9fffbe1e78 cym 24/02/04-10:09:20,fwver: v1.16", "U-Boot SPL 2025.01", "\x1b[7l\x1b[2J",
         "Hit any key to stop autoboot:  2 \b\b\b 1", "Retrieving file: /Image", "Starting kernel ...", ""]
BANNER = ["tlbed git: 0123456789ab, 4K granule", "  compiler  gcc 12.2.0", "  board     Rock 5B",
          "  entry     EL2, image at 0x2000000, PSCI by smc"]
SEED = 4711


def sealed(record, block_id=None):
    """A result line as the kernel writes it."""
    if block_id:
        record = {**record, "block_id": hex(block_id)}
    text = json.dumps(record, separators=(",", ":"))[:-1]
    return f'{text},"crc":"{zlib.crc32(text.encode()):08x}"}}'


def records(boot, count):
    return [{"name": f"vmap/{i}M/tlbed", "iterations": 9, "real_time": 1000 * boot + i,
             "time_unit": "ns", "pages": i << 8} for i in range(count)]


def context(boot, count):
    return {"schema": 1, "git": f"{boot:012x}", "executable": "tlbed", "records": count}


def block(boot=1, count=3):
    lines = [sealed(line, boot) for line in (context(boot, count), *records(boot, count))]
    return ["--- BEGIN RESULTS ---", *lines, "--- END RESULTS ---"]


def check(boot=1):
    lines = [f"boot: {boot}", "midr cpu0: 0x412fd050", "scmi rate 0: 24000000 Hz",
             "memory: 0x200000-0xf0000000"]
    body = "".join(f"{line}\n" for line in lines)
    return ["--- BEGIN SILICON CHECK ---", *lines, f"crc: {zlib.crc32(body.encode()):08x}",
            "--- END SILICON CHECK ---"]


def boot_of(number=1, count=3, end=GOOD_END):
    return [*UBOOT, *BANNER, "ok 1 - map/x", *check(number), *block(number, count), end]


def join(lines, end="\r\n"):
    return "".join(line + end for line in lines).encode()


def command_of_nobody(*words):
    """The command as somebody who may not read everything, as root may."""
    command = [sys.executable, "-B", CAPTURE, *words]
    if os.getuid() != 0:
        return command
    nobody = ["setpriv", "--reuid=65534", "--clear-groups", "--"]
    if subprocess.run([*nobody, *command[:3], "--help"], capture_output=True).returncode:
        raise unittest.SkipTest("nobody may not run it here")
    return [*nobody, *command]


class CaptureCase(tap.ScratchCase):
    def capture(self, data, *words):
        """Runs it on a log of these bytes or lines."""
        with open(self.path("console.log"), "wb") as file:
            file.write(data if isinstance(data, bytes) else join(data))
        return self.run_it("console.log", *words)

    def run_it(self, *words):
        child = subprocess.run([sys.executable, "-B", CAPTURE, *words], cwd=self.folder, timeout=60,
                               stdin=subprocess.DEVNULL, capture_output=True)
        self.out, self.err = child.stdout.decode(errors="replace"), child.stderr.decode()
        self.assertNotIn("Traceback", self.err)
        return child.returncode

    def results(self, name="results.json"):
        with open(self.path(name), encoding="utf-8") as file:
            return json.load(file)

    def real_times(self, name="results.json"):
        return [record["real_time"] for record in self.results(name)["benchmarks"]]

    def keep_old_results(self):
        with open(self.path("results.json"), "w", encoding="utf-8") as file:
            file.write('{"benchmarks": [{"real_time": 1}]}')


class Logs(CaptureCase):
    def test_results_are_the_runners(self):
        self.assertEqual(self.capture(boot_of()), 0)
        with open(self.path("text"), "wb") as file:
            file.write(join(boot_of()))
        runner = [sys.executable, "-B", os.path.join(tap.TOP, "tools", "run.py"), "--out", self.path("out"),
                  "--qemu-version", "7.2.0", "--", "cat", self.path("text")]
        os.mkdir(self.path("out"))
        subprocess.run(runner, check=True, capture_output=True, stdin=subprocess.DEVNULL)
        ours, theirs = self.results(), self.results("out/results.json")
        self.assertEqual(ours["benchmarks"], theirs["benchmarks"])
        self.assertEqual(ours["context"].pop("captured_from"), "console.log")
        for key in ("qemu_version", "qemu_command"):
            theirs["context"].pop(key)
        for found in (ours, theirs):
            found["context"].pop("date")
        self.assertEqual(ours["context"], theirs["context"])

    def test_statuses(self):
        for status in range(4):
            with self.subTest(status):
                self.assertEqual(self.capture(boot_of(end=f"tlbed: exit status {status}")), status)
        for end in ("tlbed: exit status 4", "x" + GOOD_END, "tlbed: exit statu", "tlbed: exit " + GOOD_END,
                    GOOD_END + GOOD_END, GOOD_END + "0", "tlbed: exit\xff status 0"):
            with self.subTest(end):
                self.assertEqual(self.capture(boot_of(end=end)), 4)
                self.assertIn("no exit line (exit status 4)", self.err)

    def test_text_after_the_exit_line_is_the_boot_loaders(self):
        self.assertEqual(self.capture([*boot_of(end="tlbed: exit status 2"), *UBOOT]), 2)

    def test_line_ends_and_nuls(self):
        for end in ("\n", "\r\n", "\r\r\n", "\n\r", "\r", "\0\r\n\0", "\n\n"):
            with self.subTest(end):
                self.assertEqual(self.capture(join(boot_of(), end)), 0)
                self.assertEqual(self.results()["benchmarks"], records(1, 3))
                self.assertEqual(self.out, "\n".join([*check(), ""]))

    def test_exit_line_without_its_end_is_cut(self):
        self.assertEqual(self.capture(join(boot_of())[:-2]), 4)
        self.assertIn("the log is cut", self.err)

    def test_last_of_several_boots_is_used_and_said_to_be(self):
        log = [*boot_of(1, end="tlbed: exit status 1"), *boot_of(2)]
        first = log.index("--- BEGIN RESULTS ---") + 1
        second = first + len(boot_of())
        self.assertEqual(self.capture(log), 0)
        self.assertEqual(self.real_times(), [2000, 2001, 2002])
        self.assertIn(f"2 result blocks: lines {first}-{first + 5}, lines {second}-{second + 5}; "
                      "number 2 is used", self.err)
        self.assertEqual(self.capture(log, "--block", "1"), 1)
        self.assertEqual(self.real_times(), [1000, 1001, 1002])
        for number in ("0", "3"):
            self.assertEqual(self.capture(log, "--block", number), 5)
            self.assertIn(f"--block {number}: console.log has 2 result blocks", self.err)

    def test_status_is_of_the_boot_whose_results_are_used(self):
        log = [*boot_of(1, end="hang"), *boot_of(2, end="tlbed: exit status 1")]
        self.assertEqual(self.capture(log, "--block", "1"), 4)
        self.assertEqual(self.capture(log), 1)

    def test_a_later_boot_without_results_is_said(self):
        log = [*boot_of(), *UBOOT, "tlbed git: 0123456789ab, 4K granule", "ok 1 - x"]
        self.assertEqual(self.capture(log), 0)
        self.assertIn(f"the boot of line {len(log) - 1} came later", self.err)
        self.assertEqual(self.capture(boot_of()), 0)
        self.assertNotIn("came later", self.err)

    def test_blocks_of_one_boots_shell_are_one_file(self):
        """As in the runner's; a block without the prompt before it is another boot's."""
        def boot(prompt):
            return [*BANNER, "tlbed> bench=vmap/*", *block(1), prompt, *block(2), GOOD_END]
        self.assertEqual(self.capture(boot("tlbed> bench=vmap/* samples=1")), 0)
        self.assertEqual(self.real_times(), [1000, 1001, 1002, 2000, 2001, 2002])
        self.assertIn("numbers 1 to 2, of one boot, are used", self.err)
        self.assertEqual(self.results()["context"]["records"], 6)
        self.assertEqual(self.capture(boot("tlbed> x"), "--block", "1"), 0)
        self.assertEqual(self.real_times(), [1000, 1001, 1002])
        self.assertEqual(self.capture(boot("ok 1 - map/x")), 0)
        self.assertEqual(self.real_times(), [2000, 2001, 2002])

    def test_exit_line_that_the_log_contradicts(self):
        for line in ("not ok 3 - map/x", "FAILED  vmap/1M/tlbed: a wrong page", "tlbed: panic: x",
                     "unknown option 'x'", "malformed value 'x'", "no match for 'x'"):
            with self.subTest(line):
                log = [*BANNER, line, *block(), GOOD_END]
                self.assertEqual(self.capture(log), 1)
                self.assertIn(f"the exit line says 0, and line 5 is `{line}`", self.err)
                self.assertEqual(self.capture([*log[:-1], "tlbed: exit status 3"]), 3)
                self.assertEqual(self.capture([line, *boot_of(), *UBOOT, line]), 0)

    def test_a_run_without_results_has_its_status_and_leaves_no_file(self):
        tests = ["tlbed git: 0", "1..1", "not ok 1 x", "tlbed: exit status 1"]
        self.assertEqual(self.capture(tests), 1)
        self.assertIn("no result block", self.err)
        self.assertFalse(os.path.exists(self.path("results.json")))
        self.assertEqual(self.capture([*tests, *UBOOT, "tlbed git: 0", "hang"]), 4)


class Damage(CaptureCase):
    def assert_damage(self, lines, status, *sentences):
        self.assertEqual(self.capture(lines), status)
        for sentence in sentences:
            self.assertIn(sentence, self.err)

    def line_of(self, lines, text):
        return next(n for n, line in enumerate(lines, 1) if text in line)

    def test_flipped_bit(self):
        lines = [line.replace('"real_time":1001', '"real_time":1003') for line in boot_of()]
        number = self.line_of(lines, "1003")
        self.assert_damage(lines, 1, f"damaged results: line {number}: crc mismatch", "2 of 3 records")
        self.assertEqual(self.real_times(), [1000, 1002])
        self.assertEqual(len(self.results()["context"]["damaged"]), 2)

    def test_line_cut_and_line_lost_and_line_twice(self):
        lines = boot_of()
        at = self.line_of(lines, "vmap/1M") - 1
        self.assert_damage([*lines[:at], lines[at][:-9], *lines[at + 1 :]], 1,
                           f"line {at + 1}: crc mismatch")
        self.assertEqual(self.real_times(), [1000, 1002])
        os.remove(self.path("results.json"))
        self.assert_damage([*lines[:at], *lines[at + 1 :]], 1, "2 of 3 records are there")
        self.assertEqual(self.real_times(), [1000, 1002])
        os.remove(self.path("results.json"))
        self.assert_damage([*lines[: at + 1], *lines[at:]], 1,
                           f"line {at + 2}: the same as line {at + 1}")
        self.assertEqual(self.real_times(), [1000, 1001, 1002])

    def test_line_end_lost(self):
        """Between two records, and between one and what is none: each has its CRC."""
        lines = block()
        for glued in ([*lines[:2], lines[2] + lines[3], *lines[4:]],
                      [*lines[:2], "=> " + lines[2], lines[3][:40] + lines[3] + "\x1b[2J", *lines[4:]],
                      [lines[0], "".join(lines[1:5]), *lines[5:]]):
            self.assert_damage([*glued, GOOD_END], 1, "crc mismatch")
            self.assertEqual(self.real_times(), [1000, 1001, 1002])
            self.assertEqual(self.results()["context"]["git"], f"{1:012x}")
            os.remove(self.path("results.json"))

    def test_missing_end(self):
        for said, status in ((0, 1), (1, 1), (2, 2), (3, 3)):
            lines = [line for line in boot_of(end=f"tlbed: exit status {said}")
                     if line != "--- END RESULTS ---"]
            self.assert_damage(lines, status,
                               f"line {len(lines) - 1}: the end of results is missing")
            self.assertEqual(self.real_times(), [1000, 1001, 1002])
            os.remove(self.path("results.json"))

    def test_missing_begin(self):
        lines = [line.replace("BEGIN R", "BEGAN R") for line in boot_of()]
        number = self.line_of(lines, '{"schema"')
        self.assert_damage(lines, 1, f"line {number}: a record without the begin of results")
        self.assertEqual(self.real_times(), [1000, 1001, 1002])

    def test_missing_begin_and_records(self):
        self.assert_damage(["tlbed git: 0", "--- END RESULTS ---", GOOD_END], 1,
                           "line 2: end of results without their begin")
        self.assertFalse(os.path.exists(self.path("results.json")))

    def test_begin_twice(self):
        lines = boot_of()
        at = lines.index("--- BEGIN RESULTS ---")
        self.assert_damage([*lines[:at], lines[at], *lines[at:]], 1,
                           f"line {at + 2}: the begin of results once more")
        self.assertEqual(self.real_times(), [1000, 1001, 1002])

    def test_records_of_another_kernel(self):
        """Their CRC is right, and they are no record all the same."""
        for text, sentence in (('{"name":["x"]', "its name is no text"),
                               ('{"a":' + "[" * 100000 + "]" * 100000, "nested too deeply"),
                               ('{"a":' + "[" * 9, "Expecting value"), ("[1", "Expecting ','")):
            line = f'{text},"crc":"{zlib.crc32(text.encode()):08x}"}}'
            self.assert_damage([*boot_of()[:-2], line, *boot_of()[-2:]], 1, f": {sentence}")

    def test_two_contexts(self):
        """A gap from one boot's block into the next one's context."""
        first, second = block(1), block(2, 4)
        self.assert_damage([*first[:3], *second[1:], GOOD_END], 1, "2 result blocks: lines 1-3 (damaged)",
                           "line 4: of another block, without the begin of results")
        self.assertEqual(self.real_times(), [2000, 2001, 2002, 2003])
        self.assertEqual(self.results()["context"]["git"], f"{2:012x}")

    def test_noise_in_a_sentence(self):
        self.assertEqual(self.capture([*boot_of()[:-2], "[2J ", *boot_of()[-2:]]), 1)
        self.assertIn("no crc: ?[2J???\n", self.err)

    def test_a_block_that_is_mostly_noise(self):
        """What is said of it has an end, and of its memory little is kept."""
        noise = b"noise\r\n" * 500000
        with open(self.path("log"), "wb") as file:
            file.write(join(block()[:-1]) + noise + join([block()[-1], GOOD_END]))
        limit = 12 * len(noise) + (64 << 20)  # of address space, Python's own included
        child = subprocess.run([sys.executable, "-B", CAPTURE, "log"], cwd=self.folder, timeout=60,
                               stdin=subprocess.DEVNULL, capture_output=True,
                               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
        self.assertEqual(child.returncode, 1, child.stderr[-500:])
        self.assertEqual(self.real_times(), [1000, 1001, 1002])
        self.assertEqual(self.results()["context"]["damaged"][-1], "499000 more lines")

    def test_power_cut_within_a_block(self):
        first = boot_of(1)
        log = [*first[: self.line_of(first, "vmap/1M")], *boot_of(2)]
        self.assertEqual(self.capture(log), 0)
        self.assertEqual(self.real_times(), [2000, 2001, 2002])
        self.assertEqual(self.capture(log, "--block", "1", "--results", "one.json"), 4)
        self.assertEqual(self.real_times("one.json"), [1000, 1001])

    def test_records_of_two_boots_in_one_block(self):
        """A gap from one boot's records to the next one's, which may fit."""
        first, second = block(1), block(2)
        for gap in ([*first[:3], *second[3:]], [*first[:4], *second[3:]]):
            self.assert_damage([*gap, GOOD_END], 1, "2 result blocks", "(damaged)",
                               f"line {len(gap) - 2}: of another block, without the begin",
                               "the context is missing")
            self.assertEqual(self.real_times(), [2001, 2002])
            os.remove(self.path("results.json"))

    def test_records_of_two_boots_that_do_not_say_whose_they_are(self):
        lines = [*map(sealed, [context(1, 3), *records(1, 2), *records(2, 3)[1:]])]
        self.assert_damage(["--- BEGIN RESULTS ---", *lines, "--- END RESULTS ---", GOOD_END], 1,
                           "vmap/1M/tlbed: 2 records that differ, none is taken")
        self.assertEqual(self.real_times(), [1000, 2002])
        os.remove(self.path("results.json"))
        lines = [*map(sealed, [context(1, 3), *records(1, 2), context(2, 3), *records(2, 3)])]
        self.assert_damage(["--- BEGIN RESULTS ---", *lines, "--- END RESULTS ---", GOOD_END], 1,
                           "line 5: of another block, without the begin")
        self.assertEqual(self.real_times(), [2000, 2001, 2002])

    def test_much_damage_is_summed_up(self):
        lines = boot_of(count=40)
        self.assert_damage([line.replace("iterations", "iteratIons") for line in lines], 1,
                           "damaged results: and 21 more")
        self.assertEqual(len(self.err.splitlines()), 24)

    def test_old_results_are_not_replaced_by_broken_ones(self):
        self.keep_old_results()
        lines = [line.replace('"real_time":1001', '"real_time":1003') for line in boot_of()]
        self.assert_damage(lines, 1, "results.json is there already and stays as it is")
        self.assertEqual(self.real_times(), [1])
        self.assertEqual(self.real_times("results.json.damaged"), [1000, 1002])
        for log in (b"", b"\xff" * 1000, join(UBOOT)):
            self.assertEqual(self.capture(log), 4)
            self.assertEqual(self.real_times(), [1])
        self.assertEqual(self.capture(boot_of()), 0)
        self.assertEqual(self.real_times(), [1000, 1001, 1002])


class SiliconCheck(CaptureCase):
    def test_is_printed_for_pasting(self):
        self.assertEqual(self.capture([*UBOOT, *check(), GOOD_END]), 0)
        self.assertEqual(self.out.splitlines(), check())
        self.assertNotIn("no result block", self.err)

    def test_last_good_one(self):
        bad = [line.replace("24000000", "25000000") for line in check(3)]
        self.assertEqual(self.capture([*check(1), *check(2), *bad, GOOD_END]), 1)
        self.assertEqual(self.out.splitlines(), check(2))
        self.assertIn("lines 15-21: crc mismatch", self.err)

    def test_a_good_crc_is_enough(self):
        lines = check()
        for damaged, sentence in (
                (lines[:6], "lines 1-6: its end is missing"),
                ([*lines[:6], "ok 1 - map/x", *BANNER], "lines 1-7: its end is missing"),
                ([*lines[:6], "=> ", lines[6]], "line 7: text after the crc")):
            self.assertEqual(self.capture([*damaged, GOOD_END]), 1)
            self.assertIn(f"damaged silicon check: {sentence}\n", self.err)
            self.assertEqual(self.out.splitlines(), lines)

    def test_damage_that_a_good_one_follows(self):
        self.assertEqual(self.capture([*check(1)[:4], *BANNER, *check(2), GOOD_END]), 0)
        self.assertIn("lines 1-4: its end is missing", self.err)
        self.assertEqual(self.out.splitlines(), check(2))

    def test_a_check_without_end(self):
        self.assertEqual(self.capture([check()[0], *["a: b"] * 20000, *boot_of()]), 0)
        self.assertIn("lines 1-10002: its end is missing", self.err)

    def test_damage(self):
        lines = check()
        for damaged, sentence in (
                ([*lines[:2], *lines[3:]], "lines 1-6: crc mismatch"),
                ([*lines[:2], "midr", *lines[3:]], "line 3: not `key: value`: midr"),
                ([*lines[:5], lines[6]], "lines 1-6: its crc is missing"),
                (lines[:5], "lines 1-5: its end is missing"),
                ([lines[0], "crc: 00000000", lines[6]], "lines 1-3: crc mismatch"),
                ([*lines[:4], *lines[5:6]], "lines 1-5: its end is missing"),
                (lines[6:], "line 1: end without begin"),
                ([*lines[:3], lines[2], *lines[3:]], "lines 1-8: crc mismatch")):
            with self.subTest(sentence):
                self.assertEqual(self.capture([*damaged, GOOD_END]), 1)
                self.assertIn(f"damaged silicon check: {sentence}", self.err)
                self.assertEqual(self.out, "")


class BadInput(CaptureCase):
    def assert_refused(self, *words, says):
        self.assertEqual(self.run_it(*words), 5)
        self.assertEqual(len(self.err.splitlines()), 1, self.err)
        self.assertIn(says, self.err)

    def test_sources(self):
        self.assert_refused("no-such.log", says="no-such.log: No such file or directory")
        self.assert_refused(self.folder, says="Is a directory")
        self.assert_refused("/dev/null", says="/dev/null is neither a serial port nor a log")
        self.assert_refused("/proc/self/mem", says="/proc/self/mem: Input/output error")
        self.assert_refused(says="required: source")

    def test_source_that_is_too_large(self):
        with open(self.path("log"), "wb") as file:
            file.truncate(1 << 40)  # takes no room
        limit = (1 << 30, 1 << 30)
        child = subprocess.run([sys.executable, "-B", CAPTURE, "log"], cwd=self.folder, timeout=60,
                               stdin=subprocess.DEVNULL, capture_output=True,
                               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, limit))
        self.assertEqual(child.stderr, b"tlbed: log: larger than memory (exit status 5)\n")
        self.assertEqual(child.returncode, 5)

    def test_source_that_may_not_be_read(self):
        with open(self.path("console.log"), "wb") as file:
            file.write(join(boot_of()))
        os.chmod(self.path("console.log"), 0)
        os.chmod(self.folder, 0o755)
        child = subprocess.run(command_of_nobody(self.path("console.log")), capture_output=True,
                               text=True, stdin=subprocess.DEVNULL)
        self.assertEqual(child.returncode, 5)
        self.assertIn("console.log: Permission denied", child.stderr)

    def test_words_of_a_port_are_not_a_logs(self):
        for words in (["--baud", "115200"], ["--log", "x"], ["--timeout", "0"]):
            self.assertEqual(self.capture(boot_of(), *words), 5)
            self.assertIn(f"{words[0]} is for a serial port", self.err)
        for text in ("-1", "1e3", "1000000000", "9" * 5000):
            self.assert_refused("console.log", "--timeout", text, says=f"'{text}' is no number")

    def test_empty_log_and_noise(self):
        self.assertEqual(self.capture(b""), 4)
        self.assertIn("console.log: nothing in it", self.err)
        noise = random.Random(SEED).randbytes(300000)
        self.assertEqual(self.capture(noise), 4)
        self.assertIn("is the speed right", self.err)
        self.assertEqual(self.capture(noise + b"\n" + join(boot_of()) + noise), 0)
        self.assertEqual(self.results()["benchmarks"], records(1, 3))

    def test_results_that_cannot_be_written(self):
        os.mkdir(self.path("folder"))
        for path in ("no/such", "folder", "/dev/null"):
            with self.subTest(path):
                self.assertEqual(self.capture(boot_of(), "--results", path), 4)
                self.assertIn(f"{path} cannot be written", self.err)
        self.keep_old_results()
        os.symlink("/dev/full", self.path("results.json.partial"))
        self.assertEqual(self.capture(boot_of()), 4)
        self.assertIn("results.json cannot be written: No space left", self.err)
        self.assertEqual(self.real_times(), [1])
        self.assertEqual(sorted(os.listdir(self.folder)), ["console.log", "folder", "results.json"])

    def test_results_do_not_take_the_logs_place(self):
        for log in ("r", "r.damaged", "r.partial"):
            with open(self.path(log), "wb") as file:
                file.write(join(boot_of()))
            self.assert_refused(log, "--results", "./r", says="another name")
            with open(self.path(log), "rb") as file:
                self.assertEqual(file.read(), join(boot_of()))

    def test_standard_streams_that_are_closed(self):
        self.capture(boot_of())
        os.remove(self.path("results.json"))
        script = f'exec "$0" -B {CAPTURE} console.log <&- >&- 2>&-'
        child = subprocess.run(["sh", "-c", script, sys.executable], cwd=self.folder)
        self.assertEqual(child.returncode, 0)
        self.assertEqual(self.real_times(), [1000, 1001, 1002])

    def test_standard_output_that_is_full(self):
        self.capture([*check(), GOOD_END])
        with open("/dev/full", "wb") as full:
            child = subprocess.run([sys.executable, "-B", CAPTURE, self.path("console.log")], stdout=full,
                                   stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.assertEqual(child.returncode, 4)
        self.assertIn(b"standard output cannot be written: No space left", child.stderr)


if __name__ == "__main__":
    tap.main()
