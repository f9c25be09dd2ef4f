# SPDX-License-Identifier: MIT
"""tools/run.py against programs that play QEMU: every way in which a boot can end."""

import json
import os
import signal
import subprocess
import sys
import time
import zlib

import tap

RUN = os.path.join(tap.TOP, "tools", "run.py")
GOOD_END = "tlbed: exit status 0"


def record(text):
    """A result line as the kernel writes it; text lacks the closing brace."""
    return f'{text},"crc":"{zlib.crc32(text.encode()):08x}"}}'


RESULTS = [
    "--- BEGIN RESULTS ---",
    record('{"schema":1,"executable":"tlbed"'),
    record('{"name":"ioremap/1M/tlbed","iterations":9,"real_time":680,"cpu_time":680'),
    record('{"name":"ioremap/1M/linux","iterations":9,"real_time":5000.25,"cpu_time":5000.25'),
    "--- END RESULTS ---",
]


class RunCase(tap.ScratchCase):
    def start(self, *words, silence=2, stdout=subprocess.PIPE):
        command = [sys.executable, RUN, "--out", self.folder, "--qemu-version", "7.2.0",
                   "--silence", str(silence), "--total", str(3 if silence == 2 else 60),
                   "--", *words]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout,
                                stderr=subprocess.PIPE)

    def finish(self, child):
        out, err = child.communicate(timeout=30)
        self.out, self.err = (out or b"").decode(errors="replace"), err.decode()
        return child.returncode

    def boot(self, body, *words, silence=2):
        """Runs a shell script as QEMU; the rest are its arguments."""
        qemu = self.program("qemu", "#!/bin/sh\n" + body)
        return self.finish(self.start(qemu, *words, silence=silence))

    def print_lines(self, lines, end="\r\n", *words):
        with open(self.path("text"), "wb") as file:
            for line in lines:
                file.write((line if isinstance(line, bytes) else line.encode()) + end.encode())
        return self.boot(f"cat '{self.path('text')}'", *words)

    def results(self):
        with open(self.path("results.json"), encoding="utf-8") as file:
            return json.load(file)

    def console_log(self):
        with open(self.path("console.log"), "rb") as file:
            return file.read()


class TraceFile(RunCase):
    TRACE = ["--- BEGIN TRACE ---", "@ trace 1 granule 12 root 0 frames_end 0",
             "@ 0 store cpu0 0 0 0 0", "ok 1 x", "@ 1 isb cpu0 0 0 0 0", "--- END TRACE ---"]

    def trace(self):
        with open(self.path("trace.txt"), encoding="utf-8") as file:
            return file.read().splitlines()

    def test_goes_to_a_file_and_not_to_the_screen(self):
        self.assertEqual(self.print_lines(["@ before", *self.TRACE, "@ after", GOOD_END]), 0)
        self.assertEqual(self.out.splitlines(), ["@ before", "ok 1 x", "@ after", GOOD_END])
        self.assertEqual(self.trace(), [line for line in self.TRACE if line != "ok 1 x"])
        self.assertIn("--- END TRACE ---", self.console_log().decode())
        self.assertIn("the trace, 3 lines, is in", self.err)

    def test_that_breaks_off_is_kept_as_far_as_it_goes(self):
        self.assertEqual(self.print_lines([*self.TRACE[:3], "tlbed: exit status 3"]), 3)
        self.assertEqual(self.trace(), self.TRACE[:3])

    def test_of_an_earlier_run_goes(self):
        self.print_lines([*self.TRACE, GOOD_END])
        self.print_lines(["x", GOOD_END])
        self.assertFalse(os.path.exists(self.path("trace.txt")))

    def test_of_a_million_lines(self):
        lines = "yes '@ 0 store cpu0 0 0 0 0' | head -n 1000000"
        body = f"echo '{self.TRACE[0]}'; {lines}; echo '{self.TRACE[-1]}'; echo '{GOOD_END}'"
        self.assertEqual(self.boot(body, silence=20), 0)
        self.assertEqual(self.out, GOOD_END + "\n")
        self.assertEqual(len(self.trace()), 1000002)


class Verdict(RunCase):
    def test_kernel_statuses_are_passed_on(self):
        for status in range(4):
            with self.subTest(status):
                self.assertEqual(self.print_lines(["x", f"tlbed: exit status {status}"]), status)
        self.assertIn("panicked", self.err)

    def test_console_is_shown_and_saved_without_carriage_returns(self):
        self.print_lines(["hello", "world", GOOD_END])
        self.assertEqual(self.out, f"hello\nworld\n{GOOD_END}\n")
        self.assertEqual(self.console_log().decode(), self.out)

    def test_exit_code_of_qemu_is_no_verdict(self):
        self.assertEqual(self.boot(f"echo '{GOOD_END}'; exit 7"), 0)
        self.assertEqual(self.boot("echo hello; exit 0"), 4)

    def test_truncated_console(self):
        self.assertEqual(self.print_lines(["hello", "last words"]), 4)
        self.assertIn("truncated console", self.err)
        self.assertIn("| last words", self.err)

    def test_exit_line_without_its_end_is_truncated(self):
        self.assertEqual(self.boot(f"printf '{GOOD_END}'"), 4)
        self.assertEqual(self.console_log().decode(), GOOD_END)

    def test_exit_line_must_be_the_last_and_whole(self):
        for lines in ([GOOD_END, "more"], ["x" + GOOD_END], [GOOD_END + "1"],
                      ["tlbed: exit status 4"]):
            with self.subTest(lines):
                self.assertEqual(self.print_lines(lines), 4)

    def test_silence_is_a_hang(self):
        start = time.monotonic()
        self.assertEqual(self.boot("echo before; exec sleep 60", silence=1), 4)
        self.assertLess(time.monotonic() - start, 10)
        self.assertIn("hang: no console output for 1 s", self.err)
        self.assertIn("| before", self.err)

    def test_babbling_forever_is_a_hang(self):
        self.assertEqual(self.boot("while :; do echo babble; sleep 0.5; done"), 4)
        self.assertIn("hang: still running after 3 s", self.err)

    def test_a_halted_kernel_is_ended_after_its_exit_line(self):
        self.assertEqual(self.boot(f"echo '{GOOD_END}'; exec sleep 60", silence=20), 0)

    def test_a_flood_after_the_exit_line_is_cut(self):
        start = time.monotonic()
        self.assertEqual(self.boot(f"echo '{GOOD_END}'; exec yes babble", silence=20), 4)
        self.assertLess(time.monotonic() - start, 10)
        self.assertIn("goes on after the exit line", self.err)
        self.assertLess(len(self.console_log()), 1 << 20)

    def test_a_trickle_after_the_exit_line_is_cut(self):
        start = time.monotonic()
        body = f"echo '{GOOD_END}'; while :; do echo; sleep 0.2; done"
        self.assertEqual(self.boot(body, silence=20), 0)
        self.assertLess(time.monotonic() - start, 10)

    def test_killed_qemu(self):
        self.assertEqual(self.boot("echo hello; kill -9 $$"), 4)
        self.assertIn("killed by signal 9", self.err)

    def test_qemu_that_refuses_its_command_line(self):
        self.assertEqual(self.boot("echo 'unable to find CPU model' >&2; exit 1"), 5)
        self.assertIn("could not start", self.err)
        self.assertIn("unable to find CPU model", self.err)

    def test_qemu_that_is_not_there(self):
        self.assertEqual(self.finish(self.start(self.path("no-such-qemu"))), 5)
        self.assertIn("could not start", self.err)

    def test_noise_of_qemu_is_left_out(self):
        status = self.boot("echo 'warning: icount sleep disabled and no active timers' >&2; exit 1")
        self.assertEqual(status, 5)
        self.assertNotIn("icount sleep", self.out + self.err)

    def test_garbage_bytes_do_not_stop_it(self):
        self.assertEqual(self.print_lines([b"\xff\xfe\x00garbage", GOOD_END]), 0)
        self.assertIn(b"\xff\xfe\x00garbage", self.console_log())


class Results(RunCase):
    def test_results_json(self):
        self.assertEqual(self.print_lines([*RESULTS, GOOD_END]), 0)
        found = self.results()
        self.assertEqual(found["context"]["schema"], 1)
        self.assertEqual(found["context"]["qemu_version"], "7.2.0")
        self.assertIn("date", found["context"])
        self.assertEqual([b["name"] for b in found["benchmarks"]],
                         ["ioremap/1M/tlbed", "ioremap/1M/linux"])
        self.assertEqual(found["benchmarks"][1]["real_time"], 5000.25)
        self.assertNotIn("crc", json.dumps(found))

    def test_forced_records_are_no_benchmarks(self):
        forced = record('{"name":"ioremap/4K/tlbed","forced":true,"real_time":9')
        self.assertEqual(self.print_lines([*RESULTS[:3], forced, *RESULTS[3:], GOOD_END]), 0)
        found = self.results()
        self.assertEqual([b["name"] for b in found["benchmarks"]],
                         ["ioremap/1M/tlbed", "ioremap/1M/linux"])
        self.assertEqual([b["real_time"] for b in found["forced"]], [9])
        self.print_lines([*RESULTS, GOOD_END])
        self.assertNotIn("forced", self.results())

    def test_result_lines_stay_off_the_screen_unless_asked_for(self):
        self.print_lines(["before", *RESULTS, "after", GOOD_END])
        self.assertEqual(self.out, f"before\nafter\n{GOOD_END}\n")
        self.print_lines([*RESULTS, GOOD_END], "\n", "-append", "format=json")
        self.assertIn(RESULTS[2], self.out)

    def test_two_runs_have_identical_benchmarks(self):
        self.print_lines([*RESULTS, GOOD_END])
        first = json.dumps(self.results()["benchmarks"])
        self.print_lines([*RESULTS, GOOD_END])
        self.assertEqual(json.dumps(self.results()["benchmarks"]), first)

    def test_damaged_record_fails_a_good_run_and_is_named(self):
        damaged = [line.replace("5000.25", "4000.25", 1) for line in RESULTS]
        self.assertEqual(self.print_lines([*damaged, GOOD_END]), 1)
        self.assertIn("crc mismatch", self.err)
        self.assertIn("ioremap/1M/linux", self.err)
        self.assertEqual([b["name"] for b in self.results()["benchmarks"]], ["ioremap/1M/tlbed"])

    def test_damaged_results_keep_a_worse_status(self):
        damaged = [line.replace("5000.25", "4000.25", 1) for line in RESULTS]
        self.assertEqual(self.print_lines([*damaged, "tlbed: exit status 3"]), 3)

    def test_foreign_line_and_cut_record_and_bad_bytes_are_damage(self):
        for line in ("a log line", RESULTS[2][:-1], b'{"name":"\xff","crc":"00000000"}', "{}"):
            with self.subTest(line):
                lines = [*RESULTS[:-1], line, RESULTS[-1], GOOD_END]
                self.assertEqual(self.print_lines(lines), 1)
                self.assertEqual(len(self.results()["benchmarks"]), 2)

    def test_record_that_is_lost_whole_is_damage(self):
        for records, status in ((2, 0), (3, 1)):
            context = record(f'{{"schema":1,"records":{records}')
            self.assertEqual(self.print_lines([RESULTS[0], context, *RESULTS[2:], GOOD_END]), status)
        self.assertIn("2 of 3 records are there", self.err)

    def test_record_that_comes_twice_is_damage(self):
        self.assertEqual(self.print_lines([*RESULTS[:4], *RESULTS[3:], GOOD_END]), 1)
        self.assertIn("line 5: the same as line 4", self.err)
        self.assertEqual(len(self.results()["benchmarks"]), 2)

    def test_two_blocks_of_one_boot_are_one_file(self):
        self.assertEqual(self.print_lines([*RESULTS, *RESULTS, GOOD_END]), 0)
        self.assertEqual(len(self.results()["benchmarks"]), 4)

    def test_lost_context_is_damage(self):
        self.assertEqual(self.print_lines([RESULTS[0], *RESULTS[2:], GOOD_END]), 1)
        self.assertIn("context is missing", self.err)

    def test_missing_end_is_a_truncated_console(self):
        self.assertEqual(self.print_lines([*RESULTS[:-1], GOOD_END]), 4)
        self.assertIn("truncated console", self.err)

    def test_missing_begin_is_damage(self):
        self.assertEqual(self.print_lines([*RESULTS[1:], GOOD_END]), 1)
        self.assertEqual(len(self.results()["benchmarks"]), 2)
        self.assertEqual(self.print_lines([RESULTS[-1], GOOD_END]), 1)
        self.assertFalse(os.path.exists(self.path("results.json")))

    def test_old_results_do_not_outlive_a_failed_run_but_a_listing(self):
        self.print_lines([*RESULTS, GOOD_END])
        self.print_lines(["a/bench", GOOD_END], "\n", "-append", "list")
        self.assertTrue(os.path.exists(self.path("results.json")))
        self.print_lines(["broken"])
        self.assertFalse(os.path.exists(self.path("results.json")))


class Full(RunCase):
    """What cannot be written is said in one line; the rest is written all the same."""

    def end_full(self, lines):
        with open(self.path("text"), "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        qemu = self.program("qemu", f"#!/bin/sh\ncat '{self.path('text')}'\n")
        with open("/dev/full", "wb") as full:
            return self.finish(self.start(qemu, stdout=full))

    def assert_one_line(self, *words):
        self.assertEqual(len(self.err.splitlines()), 1, self.err)
        for word in (*words, "cannot be written", "No space left", "exit status 4"):
            self.assertIn(word, self.err)

    def test_standard_output(self):
        self.assertEqual(self.end_full(["hello", *RESULTS, GOOD_END]), 4)
        self.assert_one_line("standard output")
        self.assertEqual(len(self.results()["benchmarks"]), 2)
        self.assertIn(GOOD_END, self.console_log().decode())

    def test_console_log(self):
        os.symlink("/dev/full", self.path("console.log"))
        self.assertEqual(self.print_lines(["hello", *RESULTS, GOOD_END]), 4)
        self.assert_one_line("console.log")
        self.assertEqual(self.out, f"hello\n{GOOD_END}\n")
        self.assertEqual(len(self.results()["benchmarks"]), 2)

    def test_results(self):
        os.symlink("/dev/full", self.path("results.json.partial"))
        self.assertEqual(self.print_lines([*RESULTS, GOOD_END]), 4)
        self.assert_one_line("results.json")
        self.assertFalse(os.path.exists(self.path("results.json")))

    def test_console_log_that_cannot_be_opened(self):
        os.mkdir(self.path("console.log"))
        self.assertEqual(self.print_lines([GOOD_END]), 5)
        self.assertEqual(len(self.err.splitlines()), 1, self.err)
        self.assertIn("console.log: Is a directory", self.err)


class Ending(RunCase):
    """Whatever ends the runner ends QEMU."""

    def start_sleeper(self, how):
        pid_file = self.path("pid")
        body = f"trap '' INT; echo $$ >'{pid_file}'; echo up; {how}"
        child = self.start(self.program("qemu", "#!/bin/sh\n" + body), silence=60)
        child.stdout.readline()
        with open(pid_file, encoding="utf-8") as file:
            self.qemu_pid = int(file.read())
        return child

    def assert_qemu_is_gone(self):
        for _ in range(50):
            try:
                with open(f"/proc/{self.qemu_pid}/stat", encoding="utf-8") as file:
                    if file.read().rpartition(")")[2].split()[0] == "Z":
                        return
            except OSError:
                return
            time.sleep(0.1)
        self.fail("QEMU is still there")

    def test_signals(self):
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signum):
                child = self.start_sleeper("exec sleep 60")
                child.send_signal(signum)
                self.assertEqual(self.finish(child), 128 + signum)
                self.assert_qemu_is_gone()

    def test_qemu_that_ignores_the_request(self):
        child = self.start_sleeper("trap '' TERM; while :; do sleep 1; done")
        child.send_signal(signal.SIGINT)
        self.assertEqual(self.finish(child), 130)
        self.assert_qemu_is_gone()

    def test_runner_killed_without_a_word(self):
        child = self.start_sleeper("exec sleep 60")
        child.kill()
        child.communicate(timeout=30)
        self.assert_qemu_is_gone()

    def test_reader_that_leaves_early(self):
        body = f"for i in 1 2 3 4 5 6; do echo line $i; sleep 0.1; done; echo '{GOOD_END}'"
        child = self.start(self.program("qemu", "#!/bin/sh\n" + body))
        child.stdout.readline()
        child.stdout.close()
        self.assertEqual(child.wait(timeout=30), 0)
        self.assertEqual(child.stderr.read(), b"")
        child.stderr.close()


if __name__ == "__main__":
    tap.main()
