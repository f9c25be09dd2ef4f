# SPDX-License-Identifier: MIT
"""The card's boots in --test: who types at U-Boot's menu, and what is judged of a boot.

U-Boot and the kernel are played by a script.
"""

import os
import unittest.mock
import zlib

import tap

from runner import card, console, menu, rawlog, starts, suite

os.chdir(tap.TOP)  # where the menu and ./qemu.sh are looked for

# Shows a menu, waits for a number and says it; an empty one is the timeout's.
UBOOT = """#!/bin/bash
echo 'U-Boot 2023.01 (Debian)'
printf '1:\\tclaims: three\\r\\n2:\\ttests: all\\r\\n10:\\ttests-check: all, checked\\r\\n'
printf 'Enter choice: '
[ -z "$SILENT" ] && IFS= read -r -d $'\\r' key
echo "$key"
echo "chosen <$key>"
echo 'Starting kernel ...'
echo 'tlbed: exit status 0'
"""


class Menu(tap.ScratchCase):
    def boot(self, label, script=UBOOT):
        return console.boot([self.program("uboot", script)], self.path("log"), 5, 20,
                            keys=menu.Menu(label))

    def test_types_the_number_of_the_label_once(self):
        for label, number in (("claims", "1"), ("tests", "2"), ("tests-check", "10")):
            with self.subTest(label):
                boot = self.boot(label)
                self.assertEqual(boot.status, 0, boot.reason)
                self.assertIn(f"chosen <{number}>", boot.lines)

    def test_a_label_that_is_not_there_boots_nothing_else(self):
        for label in ("test", "tests-", "all", "3"):
            with self.subTest(label):
                boot = self.boot(label)
                self.assertEqual((boot.status, boot.reason),
                                 (4, f"U-Boot's menu has no label '{label}'"))
                self.assertFalse([line for line in boot.lines if line.startswith("chosen")])

    def test_a_uboot_that_does_not_ask_is_no_choice(self):
        boot = self.boot("tests", UBOOT.replace("printf 'Enter choice: '", "SILENT=1")
                         .replace("tlbed: exit status 0", "...'; sleep 20; echo '"))
        self.assertEqual((boot.status, boot.reason), (4, "U-Boot's menu has no label 'tests'"))

    def test_nobody_waits_for_a_uboot_that_boots_nothing(self):
        for script in ("#!/bin/sh\nprintf 'No ethernet found.\\n=> '; sleep 20\n",
                       UBOOT.replace("echo 'Starting kernel", "printf '=> '; sleep 20; echo '")):
            boot = self.boot("tests", script)
            self.assertEqual((boot.status, boot.reason), (
                4, "U-Boot boots nothing from this card (make sdcard writes one)"))
            self.assertLess(boot.seconds, 4)

    def test_a_label_that_cannot_be_loaded_boots_nothing_else(self):
        boot = self.boot("tests", UBOOT.replace(
            "echo 'Starting", "echo 'Skipping fdtdir /dtb for failure retrieving dts'\n"
            "echo 'Skipping tests for failure retrieving kernel'\necho 'Starting"))
        self.assertEqual((boot.status, boot.reason),
                         (4, "U-Boot cannot load what label 'tests' boots"))
        boot = self.boot("claims", UBOOT.replace(
            "echo 'Starting", "echo 'Skipping fdtdir /dtb for failure retrieving dts'\n"
            "echo 'Starting"))
        self.assertEqual(boot.status, 0, boot.reason)

    def test_what_the_kernel_says_is_not_uboots(self):
        boot = self.boot("tests", UBOOT.replace("echo 'tlbed", "printf '=> '; sleep 1; echo; "
                                                "echo '1: x: Enter choice:'; echo 'tlbed"))
        self.assertEqual(boot.status, 0, boot.reason)

    def test_nobody_waits_for_a_uboot_that_hangs(self):
        boot = console.boot([self.program("uboot", "#!/bin/sh\nprintf 'Enter choice: '; sleep 20")],
                            self.path("log"), 1, 20, keys=menu.Menu("tests"))
        self.assertEqual(boot.status, 4)
        self.assertLess(boot.seconds, 10)


class Labels(tap.ScratchCase):
    def test_the_card_has_what_it_is_for(self):
        words = card.labels()
        self.assertEqual(list(words), ["claims", "benches", "tests", "tests-check",
                                       "silicon-check", ""])
        self.assertEqual(words[""], words["claims"])
        self.assertEqual(words["claims"].split(), [
            "bench=ioremap/1M/*,vmalloc-map/1M/*,vmap/100M/order8-apart/*", "cpus=all",
            "exit=halt"])
        self.assertEqual(words["benches"].split(), ["bench=*", "cpus=all", "exit=halt"])
        self.assertEqual(words["tests"].split(), ["test=*", "exit=halt"])
        self.assertEqual(words["tests-check"].split(), ["test=*", "check", "exit=halt"])
        self.assertEqual(words["silicon-check"].split(), ["silicon-check", "exit=halt"])

    def test_each_label_is_whole_and_known_by_its_text(self):
        with open(card.MENU, encoding="utf-8") as file:
            blocks = file.read().split("\nlabel ")[1:]
        self.assertEqual(len(blocks), len(card.labels()) - 1)
        for block in blocks:
            name, *lines = block.strip().split("\n")
            self.assertEqual([line.split()[0] for line in lines],
                             ["menu", "kernel", "fdtdir", "append"])
            self.assertTrue(lines[0].strip().startswith(f"menu label {name}: "), name)
            self.assertEqual(lines[2].strip(), "fdtdir /dtb")
            kernel = "Image.check" if " check" in lines[3] else "Image"
            self.assertEqual(lines[1].strip(), f"kernel /{kernel}")

    def test_every_label_that_is_booted_is_there(self):
        words = card.labels()
        for name, options, label in card.BOOTS:
            self.assertIn(label, words)
            self.assertEqual("--el2" in options, name.endswith("el2"))
        booted = {(label, "--el2" in options) for _, options, label in card.BOOTS}
        self.assertLessEqual({("tests", False), ("tests", True), ("", False),
                              ("silicon-check", True)}, booted)


class Judging(tap.ScratchCase):
    WORDS = "test=* exit=halt"
    GOOD = ["U-Boot 2023.01+dfsg", "Retrieving file: /Image", "Starting kernel ...",
            "  entry     EL2, image at 0x40400000, PSCI by smc", f"command line: {WORDS}",
            "1..1", "ok 1 a", "tlbed: exit status 0"]

    def failures(self, lines, status=0, words=WORDS, level=2):
        found = suite.Suite("x")
        card.judge(found, console.Boot(lines=lines, status=status), words, level)
        return found.count("failed")

    def test_a_good_boot(self):
        self.assertEqual(self.failures(self.GOOD), 0)

    def test_each_line_is_needed(self):
        for i in range(5):
            with self.subTest(self.GOOD[i]):
                self.assertEqual(self.failures(self.GOOD[:i] + self.GOOD[i + 1 :]), 1)

    def test_another_level_words_or_status_is_no_good_boot(self):
        self.assertEqual(self.failures(self.GOOD, level=1), 1)
        self.assertEqual(self.failures(self.GOOD, words="test=*"), 1)
        self.assertEqual(self.failures(self.GOOD, status=4), 1)
        self.assertEqual(self.failures([*self.GOOD[:5], "1..1", "not ok 1 a"], status=1), 1)
        benches = [*self.GOOD[:4], "command line: bench=*"]
        self.assertEqual(self.failures(benches, words="bench=*"), 0)
        self.assertEqual(self.failures(benches, words="bench=*", status=1), 1)

    def test_silicon_check_is_whole_and_has_each_cpu(self):
        body = ["entry_el: 2", "cpu0.midr: 0x1", "cpu1.midr: 0x1"]
        text = "".join(f"{line}\n" for line in body).encode()
        good = [rawlog.BEGIN_CHECK, *body, f"crc: {zlib.crc32(text):08x}", rawlog.END_CHECK]
        for lines, cpus, bad in ((good, 2, 0), (good, 3, 1), (good[:-1], 2, 1), (good[1:], 2, 1),
                                 (good + good, 2, 1), ([], 0, 1), (good[:2] + good[3:], 2, 1),
                                 ([*good[:2], "cpu0.midr: 0x2", *good[3:]], 2, 1)):
            with self.subTest(lines, cpus=cpus):
                found = suite.Suite("x")
                card.judge_check(found, ["before", *lines, "after"], cpus)
                self.assertEqual((found.count("failed"), found.count("passed")), (bad, 1 - bad))

    def test_bytes_of_the_card(self):
        uboot = card._noise(card.UBOOT_BYTES)
        self.assertEqual(len(uboot), (16 << 20) - (32 << 10))
        good = bytes(32 << 10) + uboot + b"boot"
        for first, second, bad in ((good, good, 0), (good, good + b"x", 1),
                                   (good[1:], good[1:], 1), (good[:-5], good[:-5], 1),
                                   (bytes(512) + good, bytes(512) + good, 1)):
            found = suite.Suite("x")
            card.judge_bytes(found, first, second, uboot)
            self.assertEqual((found.count("failed"), found.count("passed")), (bad, 2 - bad))

    def test_no_card_no_boot(self):
        with unittest.mock.patch.object(starts, "UBOOT", self.path("none")):
            found = card.boot("x", ["--smp=2"], "tests", self.folder, "qemu", 5)
        self.assertEqual((found.count("failed"), found.count("passed")), (1, 0))
        self.assertIn("no such file (make sdcard writes one)", found.points[0].detail)


if __name__ == "__main__":
    tap.main()
