# SPDX-License-Identifier: MIT
"""What --test counts: KTAP, host programs, fuzzers, the matrix and its verdicts."""

import os
import shutil
import subprocess

import tap  # puts tools/ on the path
import pairwise
from runner import console, host, ktap, matrix, suite

os.chdir(tap.TOP)  # where ./qemu.sh and the sources are looked for

GOOD = """KTAP version 1
1..3
ok 1 buddy/merge
# half a page short
ok 2 buddy/zones # SKIP no memory above 4G
ok 3 - fdt/bounds
""".splitlines()


def verdicts(lines):
    return [point.verdict for point in ktap.parse(lines)]


class Ktap(tap.ScratchCase):
    def test_points_with_names_and_reasons(self):
        points = ktap.parse(["boot: banner", *GOOD, "tlbed: exit status 0"])
        self.assertEqual([p.name for p in points], ["buddy/merge", "buddy/zones", "fdt/bounds"])
        self.assertEqual([p.verdict for p in points], ["passed", "skipped", "passed"])
        self.assertEqual(points[1].detail, "no memory above 4G")

    def test_failure_carries_its_notes(self):
        point = ktap.parse(["1..1", "# a.c:3: failed: x == y", "not ok 1 a"])[0]
        self.assertEqual((point.verdict, point.detail), ("failed", "# a.c:3: failed: x == y"))

    def test_streams_that_never_pass(self):
        for lines in ([], ["1..0"], GOOD[:-1], GOOD[:1] + GOOD[2:], GOOD + ["ok 4 more"],
                      GOOD + GOOD, ["1..2", "ok 1 a", "ok 3 b"], ["1..1", "ok 1 a # SKIP"],
                      ["1..1", "not ok 1 a # SKIP why"], ["1..1", "x ok 1 a"]):
            with self.subTest(lines):
                self.assertIn("failed", verdicts(lines))

    def test_prove_agrees(self):
        if not shutil.which("prove"):
            self.skipTest("prove is not installed")
        for lines, good in ((GOOD, True), (GOOD[:-1], False), (["1..1", "not ok 1 a"], False)):
            with open(self.path("log"), "w", encoding="utf-8") as log:
                log.write("\n".join(lines) + "\n")
            status = subprocess.run(["prove", "--exec", "cat", self.path("log")], check=False,
                                    capture_output=True).returncode
            self.assertEqual(status == 0, good)
            self.assertEqual("failed" not in verdicts(lines), good)


class Host(tap.ScratchCase):
    def program_of(self, script, name="test_x"):
        """A program that is built already."""
        return host.Program(name, "", [], [], "12", self.program(name, "#!/bin/sh\n" + script))

    def failures(self, script):
        return host.run_test(self.program_of(script)).count("failed")

    def test_good_program(self):
        found = host.run_test(self.program_of("echo ok 1 - a; echo ok 2 - b; echo 1..2"))
        self.assertEqual((found.count("passed"), found.count("failed")), (2, 0))

    def test_programs_that_never_pass(self):
        for script in ("exit 0", "echo ok 1 - a; echo 1..1; exit 1", "echo ok 1 - a; kill -6 $$",
                       "echo ok 1; echo not ok 2; echo 1..2; exit 1"):
            with self.subTest(script):
                self.assertGreater(self.failures(script), 0)

    def test_crash_shows_the_report(self):
        script = "echo ok 1; echo 'x: runtime error: shift' >&2; exit 1"
        found = host.run_test(self.program_of(script))
        self.assertIn("runtime error: shift", "\n".join(p.detail for p in found.points))

    def test_program_that_does_not_build(self):
        source = self.path("test_bad.c")
        with open(source, "w", encoding="utf-8") as file:
            file.write("int main(void) { return undeclared; }\n")
        found = host.run_test(host.Program("test_bad", source, [], [], "12", self.path("bad")))
        self.assertEqual(found.count("failed"), 1)
        self.assertIn("undeclared", found.points[0].detail)

    def test_sanitizers_are_on(self):
        source = self.path("test_bad.c")
        with open(source, "w", encoding="utf-8") as file:
            file.write('#include "tests/host/tap.h"\nstatic int two[2];\n'
                       'int main(int n, char **v)\n{\n(void)v;\nok(two[n + 1] == 0, "x");\nreturn tap_done();\n}\n')
        found = host.run_test(host.Program("test_bad", source, [], [], "12", self.path("bad")))
        self.assertIn("out of bounds", "\n".join(p.detail for p in found.points))

    def test_fuzzer_must_execute_something(self):
        idle = self.program_of("exit 0", "fuzz_x")
        self.assertEqual(host.run_fuzzer(idle, 1).count("failed"), 1)
        busy = self.program_of("echo stat::number_of_executed_units: 17", "fuzz_y")
        self.assertEqual(host.run_fuzzer(busy, 1).count("passed"), 1)
        crashing = self.program_of("echo stat::number_of_executed_units: 17; exit 77", "fuzz_z")
        self.assertEqual(host.run_fuzzer(crashing, 1).count("failed"), 1)

    def test_needs_are_read_from_the_source(self):
        with open(self.path("test_y.c"), "w", encoding="utf-8") as file:
            file.write("// sources: lib/a.c lib/b.c\n// libs: -lfdt\n// granules: 12 16\n")
        found = host.find(self.folder, "out", "test_")
        self.assertEqual([p.name for p in found], ["test_y-g12", "test_y-g16"])
        self.assertEqual((found[1].others, found[1].libs, found[1].granule),
                         (["lib/a.c", "lib/b.c"], ["-lfdt"], "16"))


class Matrix(tap.ScratchCase):
    def test_file_is_what_pairwise_writes(self):
        generated = [dict(row, expect=expect) for row, expect in pairwise.generate()]
        self.assertEqual(matrix.read(), generated)

    def test_every_pair_that_exists_boots(self):
        booted = set()
        for row in matrix.read():
            if row.pop("expect") == "tests":
                booted |= pairwise.pairs(row)
        wanted = pairwise.wanted_pairs()
        self.assertGreater(len(wanted), 200)
        self.assertEqual(wanted - booted, set())

    def test_at_most_36_boots_and_every_row_exists(self):
        rows = matrix.read()
        self.assertLessEqual(len(rows), 36)
        for row in rows:
            expect = row.pop("expect")
            self.assertTrue(pairwise.exists(row), row)
            self.assertEqual(pairwise.boots(row), expect == "tests", row)

    def test_eight_cpus_boot_with_and_without_icount(self):
        rows = [row for row in matrix.read() if row["smp"] == "8"]
        for column in ("icount", "gic", "el2"):
            self.assertEqual(len({row[column] for row in rows}), 2, column)

    def test_rows_become_options(self):
        for row in matrix.read():
            command = matrix.qemu_command(row, "some-qemu", "build/x")
            self.assertEqual(command[0], "some-qemu")
            words = "test=* check=1" if row["image"] == "Image.check" else "test=*"
            if row["flush"] != "each":
                words += f" flush={row['flush']}"
            if row["icount"] == "off":  # hangs in host time, which busy hosts have little of
                words += f" hang={matrix.HANG_S}"
            if row["huge"] == "on":
                words += " " + " ".join(matrix.huge_words(row))
            self.assertEqual("dax=" in words, row["huge"] == "on")
            self.assertEqual(command[-4:], ["-kernel", f"build/x/{row['image']}", "-append", words])
            self.assertEqual("-icount" in command, row["icount"] == "on")
            self.assertEqual(command[command.index("-m") + 1], row["mem"])

    def judged(self, judge, lines, status):
        found = suite.Suite("x")
        judge(found, console.Boot(lines=lines, status=status), {"granule": "16K"})
        return found.count("failed")

    def test_exit_status_must_agree_with_the_points(self):
        bad = ["1..1", "not ok 1 a"]
        for lines, status, good in ((GOOD, 0, True), (GOOD, 1, False), (bad, 0, False),
                                    (bad, 1, False), (GOOD, 3, False), (GOOD, 4, False)):
            with self.subTest((lines, status)):
                self.assertEqual(self.judged(matrix.judge_tests, lines, status) == 0, good)

    def test_refusal_is_one_line_and_an_exit_line(self):
        said = "boot: this core has no 16K granule"
        for lines, status, good in (([said], 3, True), ([said], 4, False), ([said], 0, False),
                                    ([], 3, False), ([said, said], 3, False), (GOOD, 0, False)):
            with self.subTest((lines, status)):
                self.assertEqual(self.judged(matrix.judge_refusal, lines, status) == 0, good)


if __name__ == "__main__":
    tap.main()
