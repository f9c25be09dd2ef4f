# SPDX-License-Identifier: MIT
"""tests/endings: what its words mean, what is refused by line, and every verdict in red."""

import os
import re
import shutil
import subprocess
import tempfile
import zlib

import tap  # puts tools/ on the path
from runner import console, endings, starts, suite

os.chdir(tap.TOP)  # where ./qemu.sh is looked for

HEAD = "ending a\nwhy it must\nstatus 0\n"


def result(text):
    """A result line as the kernel writes it; text lacks the closing brace."""
    return f'{text},"crc":"{zlib.crc32(text.encode()):08x}"}}'


CONSOLE = [
    "tlbed git: 1234, 4K granule",
    "1..2",
    "ok 1 map/leaf",
    "ok 2 phys/zones # SKIP no memory above 4G",
    "--- BEGIN RESULTS ---",
    result('{"schema":1,"emulated":true,"skipped":[],"absent":{"ns":"emulated: no core"}'),
    result('{"name":"ioremap/4K/tlbed@cpu0","instructions":418,"pages":1'),
    result('{"name":"ioremap/4K/linux@cpu1","instructions":619,"pages":1'),
    "--- END RESULTS ---",
    "tlbed: exit status 0",
]


class EndingsCase(tap.ScratchCase):
    def read(self, text):
        with open(self.path("table"), "w", encoding="utf-8") as file:
            file.write(text)
        return endings.read(self.path("table"))


class Table(EndingsCase):
    def test_a_block_becomes_an_ending(self):
        text = ("# c\n\nending a\nwhy    it must\noptions --el2 --cpu 'max,sve=off'\n"
                "words  bench=x y=\"a b\"\narguments -M secure=on\nstart  uboot\nsilence 3\nlimit 900\ngranule 16K\n"
                "fdtput -r TREE /a\nfdtput -c TREE /b\nstatus 3\nsays  a  b\nsays c\n"
                "record ^x$ key a b\n\nending b\nwhy too\nstatus 4\n")
        first, second = self.read(text)
        self.assertEqual((first.name, first.place), ("a", self.path("table") + ":3"))
        self.assertEqual(first.options, ["--el2", "--cpu", "max,sve=off"])
        self.assertEqual((first.words, first.arguments), ('bench=x y="a b"', ["-M", "secure=on"]))
        self.assertEqual((first.start, first.silence, first.status), ("uboot", 3, 3))
        self.assertEqual((first.limit, second.limit), (900, endings.BOOT_LIMIT_S))
        self.assertEqual(first.edits, [["-r", "TREE", "/a"], ["-c", "TREE", "/b"]])
        self.assertEqual(first.checks, [("says", ["a  b"]), ("says", ["c"]),
                                        ("record", ["^x$", "key", "a b"])])
        self.assertEqual((second.start, second.status, second.checks), ("kernel", 4, []))
        self.assertEqual((first.granule, second.granule), ("16K", "4K"))
        self.assertEqual(endings.kernel_folder(first, "out"), "out/16K-gcc")

    def test_errors_are_named_by_line(self):
        for text, line, said in (
                ("", 1, "no endings"), ("why x\n", 1, "before the first"),
                (HEAD + HEAD, 4, "name of its own"), ("ending\n", 1, "name of its own"),
                (HEAD + "sayz x\n", 4, "sayz: no such word"), (HEAD + "status 1\n", 4, "twice"),
                ("ending a\nwhy x\nstatus 5\n", 3, "'5' is none of"),
                ("ending a\nwhy x\nstatus -1\n", 3, "is none of"),
                ("ending a\nwhy x\n", 1, "needs `why` and `status`"),
                ("ending a\nstatus 0\nending b\n", 1, "needs `why` and `status`"),
                (HEAD + "start lilo\n", 4, "'lilo' is none of kernel, reset, uboot"),
                (HEAD + "silence soon\n", 4, "no number of seconds"),
                (HEAD + "silence 0\n", 4, "no number of seconds"),
                (HEAD + "options\n", 4, "nothing follows"),
                (HEAD + "options 'a\n", 4, "No closing quotation"),
                (HEAD + "fdtput -r /a\n", 4, "no TREE"), (HEAD + "fdtput\n", 4, "nothing follows"),
                (HEAD + "says (\n", 4, "says: missing )"), (HEAD + "says\n", 4, "not what it takes"),
                (HEAD + "record x *\n", 4, "not what it takes"),
                (HEAD + "record x y *\n", 4, "nothing to repeat"),
                (HEAD + "context key\n", 4, "not what it takes"),
                (HEAD + "no-field a b\n", 4, "not what it takes"),
                (HEAD + "resident 1-2\n", 4, "'1-2' is no sum of products"),
                (HEAD + "resident 1+\n", 4, "'1+' is no sum of products"),
                (HEAD + "at-most x (y)\n", 4, "'x' is no sum of products"),
                (HEAD + "at-most 3\n", 4, "not what it takes"),
                (HEAD + "growth a 3 (y)\n", 1, "no ending 'a' before this one"),
                (HEAD + "growth b 3 (y)\nending b\nwhy x\nstatus 0\n", 1, "no ending 'b'")):
            with self.subTest(text), self.assertRaises(endings.Malformed) as raised:
                self.read(text)
            with self.subTest(text):
                self.assertIn(f"table:{line}: ", str(raised.exception))
                self.assertIn(said, str(raised.exception))
                self.assertNotIn("\n", str(raised.exception))

    def test_edits_are_taken_from_an_ending_before(self):
        edits = "fdtput -c TREE /a\nfdtput -d TREE /a b\n"
        table = HEAD + edits + HEAD.replace("ending a", "ending b") + "edited-as a\nfdtput -c TREE /c\n"
        first, second = self.read(table)
        self.assertEqual(len(first.edits), 2)
        self.assertEqual(second.edits, first.edits + [["-c", "TREE", "/c"]])
        for name in ("b", "c"):
            with self.assertRaisesRegex(endings.Malformed, f":10: edited-as: no ending '{name}'"):
                self.read(HEAD + edits + "\n" * 3 + "ending b\n" + f"edited-as {name}\n")

    def test_a_table_that_cannot_be_read_is_one_failure(self):
        os.mkdir(self.path("tests"))
        self.addCleanup(os.chdir, tap.TOP)
        os.chdir(self.folder)
        for text in (HEAD + "says (\n", None):
            if text:
                self.program(endings.ENDINGS, text)
            else:
                os.remove(endings.ENDINGS)
            found = [job() for job in endings.jobs("out", "qemu", 1)]
            self.assertEqual([f.count("failed") for f in found], [1])
            self.assertIn(endings.ENDINGS, found[0].points[0].detail)

    def test_every_way_to_crash_has_an_ending(self):
        with open("boot/crash.c", encoding="utf-8") as file:
            table = re.search(r"kinds\[\] = {(.*?)}", file.read(), re.S).group(1)
        kinds = re.findall(r'"([\w-]+)"', table)
        self.assertIn("hang-masked", kinds)
        words = [word for ending in endings.read_all() for word in ending.words.split()]
        for kind in set(kinds) - {"none"}:
            self.assertIn(f"crash={kind}", words)

    def test_every_ending_says_more_than_its_status(self):
        for ending in endings.read_all((*endings.ALL_ENDINGS, "tests/scale/endings-1t")):
            self.assertTrue(ending.checks, ending.name)


class Verdicts(EndingsCase):
    def failures(self, checks, lines=(), status=0, wanted=0, **boot):
        """The names of the points that fail."""
        ending = self.read(f"ending a\nwhy x\nstatus {wanted}\n{checks}\n")[0]
        found = suite.Suite("x")
        lines = list(lines or CONSOLE)
        endings.judge(found, ending, console.Boot(lines=lines, status=status, **boot), {})
        self.assertGreater(len(found.points), len(ending.checks))
        return [point.name for point in found.points if point.verdict == "failed"]

    def assert_only(self, key, good, bad, **boot):
        """Each check of `good` passes, each of `bad` fails and nothing else does."""
        for value in good:
            with self.subTest(f"{key} {value}"):
                self.assertEqual(self.failures(f"{key} {value}", **boot), [])
        for value in bad:
            with self.subTest(f"{key} {value}"):
                self.assertEqual(self.failures(f"{key} {value}", **boot), [f"{key} {value}"])

    def test_status(self):
        for seen, wanted in ((0, 0), (3, 3), (4, 4), (0, 1), (3, 0), (4, 0), (0, 4), (5, 0)):
            found = self.failures("", status=seen, wanted=wanted)
            self.assertEqual(found, [] if seen == wanted else [f"status {wanted}"])

    def test_a_wrong_status_shows_the_reason_and_the_end_of_the_console(self):
        found = suite.Suite("x")
        boot = console.Boot(lines=["last words"], status=4, reason="hang: it hung")
        endings.judge(found, self.read(HEAD)[0], boot, {})
        self.assertEqual(found.points[0].detail.split("\n"), ["it is 4", "hang: it hung",
                                                              "last words"])

    def test_lines_that_must_and_must_not_be(self):
        self.assert_only("says", ["^tlbed git: [0-9]+, ", "no memory", "cut sh"],
                         ["^git", "tlbed:$", "status 0."], open_line="cut short")
        self.assert_only("never", ["panic", "^git"], ["^ok", "cut"], open_line="cut short")

    def test_reason_and_the_end_of_qemu(self):
        self.assert_only("reason", ["^hang: .* 2 s$"], ["panic"], reason="hang: silent for 2 s")
        self.assert_only("qemu", ["3", "[0-9]+"], ["0", "stays", "33"], qemu_status=3)
        self.assert_only("qemu", ["stays"], ["0", "3", "sta"], qemu_status=None)

    def test_amounts(self):
        self.assertEqual([endings.amount(text) for text in ("0", "12", "1+2*3", "2*3*4+5*6")],
                         [0, 12, 7, 54])
        self.assert_only("at-most", ["1234 git: (\\d+)", "4*300+34 ^tlbed git: (\\d+),",
                                     "619 \"instructions\":(\\d+)"],
                         ["1233 git: (\\d+)", "9999 no such (\\d+)", "618 \"instructions\":(\\d+)"])
        self.assert_only("resident", ["100", "99+1"], ["99"], peak_kib=100 << 10)
        self.assert_only("resident", [], ["100"], peak_kib=(100 << 10) + 1)
        self.assert_only("resident", [], ["100"])  # killed: not known

    def test_growth(self):
        text = ("ending a\nwhy x\nstatus 0\nending b\nwhy x\nstatus 0\n"
                "growth a {} (\\d+) insns\n")
        for more, before, seen, good in ((10, ["90 insns"], ["100 insns"], True),
                                         (9, ["90 insns"], ["100 insns"], False),
                                         (9, ["100 insns"], ["90 insns"], True),
                                         (9, [], ["1 insns"], False), (9, ["1 insns"], [], False)):
            booted = {name: endings.Future() for name in "ab"}
            booted["a"].set_result(before)
            found = suite.Suite("x")
            ending = self.read(text.format(more))[1]
            endings.judge(found, ending, console.Boot(lines=seen, status=0), booted)
            self.assertEqual([p.verdict for p in found.points],
                             ["passed", "passed" if good else "failed"])

    def test_test_points(self):
        self.assert_only("passes", ["^map/", "leaf$"], ["^none/", "^phys/", "."])
        for lines in (CONSOLE[:1] + CONSOLE[2:], CONSOLE[:2] + ["not ok 1 a"] + CONSOLE[3:],
                      CONSOLE[:1] + CONSOLE[4:]):
            self.assertEqual(self.failures("passes .*leaf|map|a", lines), ["passes .*leaf|map|a"])

    def test_context(self):
        self.assert_only("context", ["emulated ^true$", "absent.ns ^emulated: no", "schema 1",
                                     r"skipped ^\[\]$"],
                         ["emulated false", "absent.ns cycles", "absent.cycles .", "schema.x 1",
                          "absent.ns.x ."])
        self.assert_only("no-context", ["absent.instructions", "schema.x"],
                         ["absent.ns", "skipped", "schema"])

    def test_records(self):
        self.assert_only(
            "record", ["^ioremap/4K/tlbed@cpu0$", ". pages ^1$", "linux instructions ^619$"],
            ["^vmap/", "@cpu2$", ". instructions ^418$", "linux ns .", "linux instructions ^61$"])
        self.assert_only("no-record", ["@cpu2", "^(?!.*@cpu[01]$)"], ["@cpu1", "."])
        self.assert_only("no-field", ["ns", "cycles"], ["instructions", "pages", "name"])

    def test_nothing_holds_of_results_that_are_not_there(self):
        empty = CONSOLE[:6] + CONSOLE[8:]
        for check in ("record .", "no-record x", "no-field x", "no-context x", "record . pages 1"):
            with self.subTest(check):
                self.assertEqual(self.failures(check, CONSOLE[-1:]), [check])
                self.assertEqual(self.failures(check, empty), [check])
        self.assertEqual(self.failures("context emulated .", CONSOLE[-1:]), ["context emulated ."])

    def test_damaged_results_fail_by_themselves(self):
        damaged = [line.replace("418", "417") for line in CONSOLE]
        self.assertEqual(self.failures("", damaged), ["results"])
        self.assertEqual(self.failures("", CONSOLE[:5] + CONSOLE[6:]), ["results"])


class Booting(EndingsCase):
    """Whole boots, with scripts that play QEMU; make, and so qemu.sh, builds in no blanks."""

    def setUp(self):
        super().setUp()
        scratch = tempfile.TemporaryDirectory(prefix="tlbed-")
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name
        self.out = self.path("out")
        self.image = self.program("out/4K-gcc/Image", "an image")

    def boot(self, text, script):
        qemu = self.program("qemu", "#!/bin/sh\n" + script)
        return endings.boot(self.read(HEAD + text)[0], self.out, qemu, 20)

    def failed(self, found):
        return [f"{p.name}: {p.detail}" for p in found.points if p.verdict == "failed"]

    def test_all_the_way(self):
        script = 'echo "$*"; echo "tlbed: exit status 0"; exit 7'
        found = self.boot("options --icount off --smp 8\nwords a=1 b='x y'\narguments -M x=on\n"
                          "says -smp 8 .*/Image -append a=1 b='x y' -M x=on$\nnever -icount\n"
                          "qemu 7\n", script)
        self.assertEqual(self.failed(found), [])
        self.assertEqual((found.name, found.count("passed")), ("ending/a", 4))
        self.assertGreater(found.seconds, 0)
        with open(found.log, encoding="utf-8") as file:
            self.assertIn("exit status 0", file.read())

    def test_memory_and_growth_of_whole_boots(self):
        qemu = self.program("qemu", "#!/usr/bin/env python3\nimport sys\n"
                            "x = bytearray(int(sys.argv[-1]) << 20)\n"
                            "print(sys.argv[-1], 'MiB\\ntlbed: exit status 0')\n")
        block = "ending {0}\nwhy x\nstatus 0\nwords {1}\nat-most {1} (.*) MiB\nresident {2}\n"
        text = block.format("a", 50, 49) + block.format("b", 120, 200) + "growth a {} (.*) MiB\n"
        for most, bad in ((70, 1), (69, 2)):
            with open(self.path("table"), "w", encoding="utf-8") as file:
                file.write(text.format(most))
            jobs = endings.jobs(self.out, qemu, 20, [self.path("table")])
            totals = suite.Totals()
            for found in [job() for job in jobs]:
                totals.add(found)
            self.assertEqual((totals.passed, totals.failed), (7 - bad, bad))

    def test_a_qemu_that_stays_is_ended_and_so_is_a_silent_one(self):
        found = self.boot("qemu stays\n", "echo tlbed: exit status 0; exec sleep 60")
        self.assertEqual(self.failed(found), [])
        found = self.boot("limit 1\n", "while echo x; do sleep 0.1; done")
        self.assertIn("hang: still running after 1 s", self.failed(found)[0])
        found = self.boot("silence 1\n", "echo before; exec sleep 60")
        self.assertEqual(len(self.failed(found)), 1)
        self.assertIn("it is 4\nhang: no console output for 1 s\nbefore", self.failed(found)[0])

    def test_boots_that_cannot_start(self):
        good = "echo tlbed: exit status 0"
        for text, script, said in (
                ("options --gic 4\n", good, "malformed value '4' for --gic"),
                ("fdtput -r TREE /a\n", "echo no dumpdtb >&2; exit 1", "no dumpdtb"),
                ("fdtput -r TREE /a\n", good, "fdtput -r"),
                ("", "echo bad machine >&2; exit 1", "bad machine")):
            with self.subTest(text):
                failed = self.failed(self.boot(text, script))
                self.assertEqual(len(failed), 1)
                self.assertIn(said, failed[0])
        os.remove(self.image)
        self.assertIn("not built", self.failed(self.boot("", good))[0])

    def test_an_edited_tree(self):
        script = """for word; do case $word in dumpdtb=*)
    echo '/dts-v1/; / { a { }; b { }; };' | dtc -q -O dtb -o "${word#dumpdtb=}"; exit ;;
esac; done
while [ "$1" != -dtb ]; do shift; done; fdtget -l "$2" /; echo tlbed: exit status 0
"""
        found = self.boot("fdtput -r TREE /a\nfdtput -c TREE /c\nnever ^a$\nsays ^b$\nsays ^c$\n",
                          script)
        self.assertEqual(self.failed(found), [])


class Starts(EndingsCase):
    """What the other ways in put on QEMU's command line, and into their files."""

    def prepare(self, start, words="a=1 b"):
        command = ["qemu", "-M", "virt", "-kernel", self.program("Image", "image"), "-smp", "2"]
        command += ["-append", words] if words else []
        return starts.prepare(command, start, [], self.path("new"))

    def test_reset(self):
        command = self.prepare("reset")
        self.assertEqual(command[:5], ["qemu", "-M", "virt", "-smp", "2"])
        self.assertNotIn("-append", command)
        self.assertIn(f"loader,file={self.path('Image')},addr=0x40200000,force-raw=on", command)
        with open(command[command.index("-bios") + 1], "rb") as file:
            # mov x0, #0x40000000; mov x1, #0x40200000; br x1
            self.assertEqual(file.read().hex(), "0000a8d2" "0104a8d2" "20001fd6")

    def flash_of(self, start):
        os.makedirs(self.path("new"), exist_ok=True)
        command = ["qemu", "-kernel", self.program("Image", "image"), "-append", "a",
                   "-dtb", self.program("tree", "blob")]
        command = starts.STARTS[start](command, self.path("new"))
        self.assertFalse({"-kernel", "-append", "-dtb"} & set(command))
        with open(command[command.index("-bios") + 1], "rb") as file:
            flash = file.read()
        self.assertEqual(flash[starts.TREE_AT:], b"blob")
        return flash[:starts.TREE_AT].rstrip(b"\0").hex()

    def test_flash(self):
        # movz x0, #0x1000; movz x1, #0; movk x1, #0x4020, lsl #16; br x1
        self.assertEqual(self.flash_of("flash"), "000082d2" "010080d2" "0104a8f2" "20001fd6")

    def test_stale(self):
        code = self.flash_of("stale")
        self.assertTrue(code.endswith(self.flash_of("flash")))
        # msr hcr_el2, x2; isb: the last of the registers, in force when the image begins
        self.assertIn("02111cd5" "df3f03d5", code)
        self.assertEqual(code.count("1cd5") + code.count("18d5") + code.count("1bd5"),
                         len(starts.STALE))

    def test_host(self):
        code = self.flash_of("host")
        self.assertTrue(code.endswith(starts.TABLE.rstrip(b"\0").hex()))
        # msr sctlr_el2, x2; isb: the last of the registers, and then what `flash` does
        self.assertIn("02101cd5" "df3f03d5" + self.flash_of("flash"), code)
        self.assertEqual(starts.TABLE_AT % 64, 0)

    def test_uboot_disk(self):
        for tool in ("mformat", "mtype"):
            if not shutil.which(tool):
                self.skipTest(f"{tool} is not installed")
        starts.UBOOT, real = self.program("u-boot", "x\0bootdelay=2\0bootdelay=20\0"), starts.UBOOT
        self.addCleanup(setattr, starts, "UBOOT", real)
        for words in ("a=1 b", ""):
            command = self.prepare("uboot", words)
            self.assertFalse({"-kernel", "-append"} & set(command))
            with open(command[command.index("-bios") + 1], "rb") as file:
                self.assertEqual(file.read(), b"x\0bootdelay=0\0bootdelay=20\0")
            drive = command[command.index("-drive") + 1]
            disk = drive.partition("file=")[2]
            self.assertEqual(self.on_disk(disk, "Image"), "image")
            conf = self.on_disk(disk, "extlinux/extlinux.conf")
            self.assertIn("kernel /Image\n", conf)
            self.assertEqual(re.findall("append (.*)", conf), [words] if words else [])

    def on_disk(self, disk, name):
        return subprocess.run(["mtype", "-i", disk, f"::/{name}"], check=True, text=True,
                              stdout=subprocess.PIPE).stdout

    def test_what_is_missing_is_one_line(self):
        starts.UBOOT, real = self.path("none"), starts.UBOOT
        self.addCleanup(setattr, starts, "UBOOT", real)
        for call in (lambda: self.prepare("uboot"), lambda: starts.call("no-such-program"),
                     lambda: starts.call("sh", "-c", "echo a; echo b >&2; exit 3")):
            with self.assertRaises(starts.Trouble) as raised:
                call()
            self.assertNotIn("\n", str(raised.exception))


if __name__ == "__main__":
    tap.main()
