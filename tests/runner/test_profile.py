# SPDX-License-Identifier: MIT
"""`./qemu.sh --profile`: a guest whose counts are known, through the real plugin and QEMU; the
records and the ways to fail, through a program that plays QEMU; what qemu.sh refuses.
"""

import json
import os
import shutil
import subprocess
import sys
import unittest.mock
import zlib

import tap
from test_qemu_sh import ScriptCase

from runner import elf, profile

GUEST = os.path.join(tap.TOP, "tests", "runner", "profile-guest.S")
PLUGIN = os.path.join(tap.TOP, "tools", "profile", "plugin.c")
PROFILE = os.path.join(tap.TOP, "tools", "profile-bench.py")
IMAGE = 0x40200000
LINK = ["-nostdlib", "-static", "-Wl,--build-id=none", f"-Wl,-Ttext={IMAGE:#x}"]
# instructions, entries, loads, bytes, lines, stores, bytes, lines: profile-guest.S says why.
KNOWN = {
    "body": (10, 1, 1, 16, 1, 1, 16, 1),
    "fill_q": (195, 1, 0, 0, 0, 64, 2048, 32),
    "fill_four": (99, 1, 0, 0, 0, 32, 2048, 32),
    "scan": (27, 1, 8, 512, 8, 0, 0, 0),
    "straddle": (3, 1, 0, 0, 0, 1, 8, 2),
    "exclusive": (7, 1, 2, 8, 1, 2, 8, 1),
    "zero": (5, 1, 0, 0, 0, 2, 128, 2),
}
KEYS = ("instructions", "entries", "loads", "bytes_loaded", "lines_loaded", "stores",
        "bytes_stored", "lines_stored")
CALL = sum(row[0] for row in KNOWN.values())
# Two instructions of time_body() and null_body()'s one.
EMPTY = 3


def compiler():
    for words in (["aarch64-linux-gnu-gcc"], ["aarch64-none-elf-gcc"],
                  ["clang", "--target=aarch64-none-elf", "-fuse-ld=lld"]):
        if shutil.which(words[0]):
            return words
    return None


def build_plugin(path):
    host = next(filter(shutil.which, ("cc", "gcc", "clang")), None)
    if not host or not shutil.which("qemu-system-aarch64"):
        raise unittest.SkipTest("no compiler for this machine, or no QEMU")
    subprocess.run([host, "-shared", "-fPIC", "-fvisibility=hidden", "-o", path, PLUGIN], check=True)


def build_guest(path):
    subprocess.run([*compiler(), *LINK, "-o", path, GUEST], check=True)


def record(name, instructions, least=None, most=None, samples=2):
    return {"name": name, "iterations": samples, "instructions": instructions,
            "instructions_min": instructions if least is None else least,
            "instructions_max": instructions if most is None else most}


def sealed(fields):
    text = json.dumps(fields)[:-1]
    return f'{text},"crc":"{zlib.crc32(text.encode()):08x}"}}'


@unittest.skipUnless(compiler(), "no aarch64 compiler for the guest")
class Plugin(tap.ScratchCase):
    """The real one, in the real QEMU; its path has a comma, which QEMU's options double."""

    def setUp(self):
        super().setUp()
        self.guest, self.plugin = self.path("guest.elf"), self.path("a,plugin.so")
        build_guest(self.guest)
        build_plugin(self.plugin)
        self.elf = elf.read(self.guest)
        profile.write_plan(self.elf, self.path("plan"))

    def count(self):
        """The passes of one boot."""
        plugin, plan, counts = (path.replace(",", ",,") for path in
                                (self.plugin, self.path("plan"), self.path("counts")))
        done = subprocess.run(
            ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a76", "-m", "64M", "-nodefaults",
             "-display", "none", "-icount", "shift=0,sleep=off", "-kernel", self.guest, "-plugin",
             f"{plugin},plan={plan},out={counts}"],
            timeout=30, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return profile.read_passes(self.path("counts"))

    def account(self, **fields):
        return profile.account(self.elf, self.count(), {**record("x", CALL - 1), **fields}, EMPTY)

    def test_known_loops(self):
        result = self.account()
        rows = {row["function"]: tuple(row[key] for key in KEYS) for row in result["functions"]}
        self.assertEqual(rows, KNOWN)

    def test_the_call_is_the_sum_and_lines_are_counted_once(self):
        result = self.account()
        self.assertEqual(sum(row["instructions"] for row in result["functions"]), CALL)
        self.assertEqual((result["empty_body"], result["instructions"]), (1, CALL - 1))
        self.assertEqual((result["elsewhere"], result["dc_zva"]), (0, 2))
        self.assertEqual(result["locks"], {"word": 1})
        # 32 of the buffer, one of the stack, one of the word, two zeroed.
        self.assertEqual((result["lines_stored"], result["lines_touched"]), (36, 36))
        self.assertEqual(result["lines_loaded"], 8 + 1 + 1)
        self.assertEqual(result["bytes_stored"], 16 + 2048 + 2048 + 8 + 8 + 128)

    def test_a_pass_is_what_lies_between_the_marks(self):
        passes = self.count()
        self.assertEqual([one.sample for one in passes], [0, 0, 1, 0, 0, 1])
        self.assertEqual([one.total for one in passes],
                         [EMPTY] * 3 + [CALL + 5, CALL + 2, CALL + 2])

    def test_a_figure_that_differs_by_one_is_not_believed(self):
        for fields in ({"instructions": CALL}, {"instructions_min": CALL - 2},
                       {"instructions_max": CALL}, {"iterations": 3}):
            with self.subTest(fields), self.assertRaises(profile.Mismatch):
                self.account(**fields)


# Plays QEMU: its counts and its results lie beside it.
FAKE = """#!/bin/sh
here='{folder}' console=console
for word; do
	case $word in
	list*) cat "$here/list"; exit ;;
	bench=*linux*) console=console-linux ;;
	*,out=*) cp "$here/made" "$(echo "${{word##*,out=}}" | sed 's/,,/,/g')" ;;
	esac
done
echo "$*" >>"$here/boots"
cat "$here/$console"
"""
END = "tlbed: exit status 0"


@unittest.skipUnless(compiler(), "no aarch64 compiler for the guest")
class Records(tap.ScratchCase):
    def setUp(self):
        super().setUp()
        os.mkdir(self.path("profile"))
        build_guest(self.path("tlbed.elf"))
        self.elf = elf.read(self.path("tlbed.elf"))
        self.write("list", "ioremap/1M/tlbed", "map/some-test", END)
        self.passes(("null_body", 0, 1), ("body", 0, 7), ("body", 1, 5), ("body", 2, 6))
        self.answer(record("ioremap/1M/tlbed", 5, 4, 6, samples=3))

    def write(self, name, *lines):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    def answer(self, *records, skipped=(), console="console"):
        context = {"schema": 1, "cpus": [{"overhead_instructions": EMPTY}], "skipped": skipped,
                   "absent": {"instructions": "no icount"}}
        self.write(console, "--- BEGIN RESULTS ---", *map(sealed, (context, *records)),
                   "--- END RESULTS ---", END)

    def passes(self, *all_passes, end="end"):
        """(function, sample, its instructions), each with two of time_body() around."""
        marks = self.elf.function("time_body")[0]
        lines = []
        for name, sample, count in all_passes:
            at = self.elf.function(name)[0]
            lines += [f"pass {sample} 0", f"insn {marks:x} 2 0 0 0 0 0",
                      f"insn {at:x} {count} 1 8 1 8 0", "lines -1 1 1 1", end]
        self.write("made", *lines)

    def run_profile(self, *options, out=None):
        fake = self.program("qemu", FAKE.format(folder=self.folder))
        done = subprocess.run(
            [sys.executable, PROFILE, "--out", out or self.folder, "--qemu-version", "7.2.0",
             "--silence", "5", *options, "--", fake, "-append", "bench=ioremap/* samples=3"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        self.out, self.err = done.stdout, done.stderr
        return done.returncode

    def assert_refused(self, status, *words):
        self.assertEqual(self.run_profile(), status, self.out + self.err)
        self.assertEqual(len(self.err.splitlines()), 1, self.err)
        for word in words:
            self.assertIn(word, self.err)
        self.assertFalse(os.path.exists(self.path("profile.json")))

    def test_table_text_and_json(self):
        self.assertEqual(self.run_profile(), 0, self.err)
        self.assertIn("ioremap/1M/tlbed: 5 instructions, the median of 3 samples (4 to 6)", self.out)
        with open(self.path("profile.txt"), encoding="utf-8") as file:
            self.assertEqual(file.read(), self.out)
        with open(self.path("profile.json"), encoding="utf-8") as file:
            (found,) = json.load(file)["profiles"]
        self.assertEqual(found["sample_shown"], 2)  # the one of 6 + 2 - 3
        self.assertEqual([(row["function"], row["instructions"]) for row in found["functions"]],
                         [("body", 6)])
        self.assertEqual(found["instructions"], 6 - found["empty_body"])

    def test_source_lines(self):
        body, marks = (self.elf.function(name)[0] for name in ("body", "time_body"))
        one = profile.Pass(0, 0, {at: [count, 0, 0, 0, 0, 0] for at, count in
                                  ((body, 3), (body + 4, 4), (body + 8, 5), (marks, 9))})
        frames = "\n".join([f"{body:#x}", "inner", "/top/a.h:7 (discriminator 2)", "body",
                            "/top/b.c:1", f"{body + 4:#x}", "inner", "/top/a.h:7", "body",
                            "/top/b.c:2", f"{body + 8:#x}", "??", "??:0", f"{marks:#x}",
                            "time_body", "/top/c.c:1"])
        rows = profile.sum_lines(self.elf, one, frames, "/top")
        self.assertEqual([(row["line"], row["inner"], row["instructions"]) for row in rows],
                         [("a.h:7", "inner", 7), ("??:0", "body", 5)])
        text = profile.source_table({"source": rows, "instructions": 12})
        self.assertIn("7  58.3  inner in body", text[1])
        self.assertIn("5  41.7  ??:0 (body)", text[6])

    def test_each_record_has_a_boot_of_its_own(self):
        self.write("list", "ioremap/1M/linux", "ioremap/1M/tlbed", END)
        self.answer(record("ioremap/1M/linux", 5, 4, 6, samples=3), console="console-linux")
        self.assertEqual(self.run_profile(), 0, self.err)
        self.assertEqual([line.split() for line in self.out.splitlines() if line.strip()][-2:],
                         [[f"ioremap/1M/{rung}", *"5 8 1 8 1 1 -".split()]
                          for rung in ("linux", "tlbed")])
        with open(self.path("profile.txt"), encoding="utf-8") as file:
            self.assertEqual(file.read(), self.out)
        with open(self.path("boots"), encoding="utf-8") as file:
            boots = file.read().splitlines()
        for boot, name in zip(boots, ("linux", "tlbed"), strict=True):
            self.assertIn(f"-append bench=ioremap/1M/{name} samples=3 -plugin", boot)

    def test_commas_of_a_path_are_doubled(self):
        out = self.path("a,b")
        os.makedirs(os.path.join(out, "profile"))
        os.rename(self.path("tlbed.elf"), os.path.join(out, "tlbed.elf"))
        self.assertEqual(self.run_profile(out=out), 0, self.err)
        with open(self.path("boots"), encoding="utf-8") as file:
            self.assertIn("/a,,b/profile/plugin.so,plan=", file.read())

    def test_unknown_bench(self):
        self.write("list", "no match for 'ioremap/*'", "tlbed: exit status 2")
        self.assert_refused(2, "no match for 'ioremap/*'")

    def test_qemu_without_plugins(self):
        for line in ("-plugin: invalid option", "TCG plugin support not enabled in this build"):
            self.program("no-plugins", "#!/bin/sh\n")
            fake = FAKE.replace('cat "$here/$console"', f"echo 'qemu: {line}' >&2; exit 1")
            with self.subTest(line), unittest.mock.patch(f"{__name__}.FAKE", fake):
                self.assert_refused(5, "does not take the plugin", line)

    def test_figure_that_is_not_the_sum(self):
        self.answer(record("ioremap/1M/tlbed", 6, 4, 6, samples=3))
        self.assert_refused(1, "the plugin counted (3, 5, 4, 6), the kernel (3, 6, 4, 6)")

    def test_sample_that_was_cut(self):
        self.passes(("null_body", 0, 1), ("body", 0, 7), ("body", 1, 5), end="# cut")
        self.assert_refused(1, "0 samples and 0 of an empty body")

    def test_two_records_or_none(self):
        for records in ((), (record("a/linux", 5), record("a/tlbed", 5))):
            with self.subTest(len(records)):
                self.answer(*records)
                self.assert_refused(1, f"{len(records)} records, one was expected")

    def test_record_that_the_kernel_skips(self):
        self.answer(skipped=["ioremap/1M/tlbed: not enough memory"])
        self.assertEqual(self.run_profile(), 1)
        self.assertIn("skipped ioremap/1M/tlbed: not enough memory", self.err)
        self.assertIn("nothing measured", self.err)

    def test_bench_that_fails(self):
        self.write("console", "FAILED  ioremap/1M/tlbed: a wrong page", "-----",
                   "tlbed: exit status 1")
        self.assert_refused(1, "FAILED  ioremap/1M/tlbed: a wrong page")

    def test_record_of_another_bench(self):
        self.answer(record("vmap/4K/tlbed", 5, 4, 6, samples=3))
        self.assert_refused(1, "the kernel measured vmap/4K/tlbed")

    def test_record_without_instructions(self):
        self.answer({"name": "ioremap/1M/tlbed", "iterations": 3})
        self.assert_refused(1, "no instructions in its record: no icount")

    def test_elf_that_is_none(self):
        self.write("tlbed.elf", "not one")
        self.assert_refused(1, "is no 64-bit little-endian ELF")


class Kernel(tap.ScratchCase):
    """The image of the build folder, if it is built."""

    def test_descriptors_of_a_megabyte(self):
        build = os.path.join(tap.TOP, os.environ.get("O", "build"))
        for name in ("Image", "tlbed.elf"):
            if not os.path.exists(os.path.join(build, name)):
                self.skipTest(f"no {name} is built")
            os.symlink(os.path.join(build, name), self.path(name))
        os.mkdir(self.path("profile"))
        build_plugin(self.path("profile/plugin.so"))
        done = subprocess.run(
            [sys.executable, PROFILE, "--out", self.folder, "--qemu-version", "7.2", "--",
             "qemu-system-aarch64", "-M", "virt,gic-version=3", "-cpu", "cortex-a76", "-m", "1G",
             "-icount", "shift=0,sleep=off", "-display", "none", "-serial", "stdio", "-nodefaults",
             "-kernel", self.path("Image"), "-append", "bench=ioremap-map/1M/*"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.path("profile.json"), encoding="utf-8") as file:
            profiles = json.load(file)["profiles"]
        self.assertEqual(len(profiles), 4)
        for one in profiles:
            stored = [(row["bytes_stored"], row["lines_stored"]) for row in one["functions"]]
            self.assertGreaterEqual(sum(bytes_stored for bytes_stored, _ in stored),
                                    8 * one["pages"])
            if one["name"].endswith("/tlbed"):
                self.assertIn((8 * one["pages"], one["pages"] // 8), stored)


class Options(ScriptCase):
    def test_what_does_not_go_with_it(self):
        for words in (["--list"], ["--gdb"], ["--dry-run"], ["--icount", "off"], ["--test"],
                      ["--", "bench=x"], ["--", "test=x"], ["--", "check"], ["--", "cpus=all"]):
            with self.subTest(words):
                self.assertEqual(self.call("--qemu", self.qemu, "--profile", "a/*", *words), 5)
                self.assertEqual(len(self.err.splitlines()), 1, self.err)
        self.assertEqual(self.call("--profile-lines"), 5)
        self.assertEqual(self.call("--profile", "a b"), 5)

    def test_make_builds_the_plugin_only_for_it(self):
        for words, built in (([], False), (["--profile", "a/*"], True)):
            with self.subTest(words):
                self.call("--qemu", self.qemu, *words)
                with open(os.path.join(self.tree, "build", "make.log"), encoding="utf-8") as log:
                    self.assertEqual("build/profile/plugin.so" in log.read(), built)


if __name__ == "__main__":
    tap.main()
