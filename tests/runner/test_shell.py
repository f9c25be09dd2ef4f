# SPDX-License-Identifier: MIT
"""tools/run.py with exit=shell: standard input reaches QEMU, and nobody is timed at the prompt."""

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
import time

import tap

RUN = os.path.join(tap.TOP, "tools", "run.py")
GOOD_END = "echo 'tlbed: exit status 0'"
PROMPT = "printf 'tlbed> '; read line"
# A command that shows whether the line was to be `format=json`, as the shell's own echo does.
RESULTS = "echo \"$line\"; echo '--- BEGIN RESULTS ---'; echo inside; echo '--- END RESULTS ---'"


class ShellCase(tap.ScratchCase):
    def start(self, body, stdin, words="exit=shell", silence=1, **keywords):
        qemu = self.program("qemu", "#!/bin/sh\n" + body)
        return subprocess.Popen(
            [sys.executable, RUN, "--out", self.folder, "--qemu-version", "7.2.0", "--silence",
             str(silence), "--total", str(2 * silence), "--", qemu, "-append", words],
            stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **keywords)

    def finish(self, child, data=None):
        out, err = child.communicate(data, timeout=30)
        self.out, self.err = out.decode(), err.decode()
        return child.returncode

    def pipe(self, body, data, **keywords):
        return self.finish(self.start(body, subprocess.PIPE, **keywords), data)


class Pipe(ShellCase):
    def test_every_byte_arrives(self):
        data = bytes(range(256)) * 300
        self.assertEqual(self.pipe(f"cat >'{self.path('got')}'; {GOOD_END}", data), 0)
        with open(self.path("got"), "rb") as got:
            self.assertEqual(got.read(), data)

    def test_without_a_shell_standard_input_is_empty(self):
        body = f"read line || echo nothing; {GOOD_END}"
        self.assertEqual(self.pipe(body, b"list\n", words="exit=off"), 0)
        self.assertIn("nothing", self.out)

    def test_silence_at_the_prompt_is_no_hang_while_input_may_come(self):
        child = self.start(f"{PROMPT}; echo got $line; {GOOD_END}", subprocess.PIPE)
        time.sleep(3)  # past both limits
        self.assertEqual(self.finish(child, b"list\n"), 0)
        self.assertIn("tlbed> got list\n", self.out)

    def test_silence_after_the_prompt_is_a_hang(self):
        child = self.start(f"{PROMPT}; echo; sleep 60", subprocess.PIPE)
        child.stdin.write(b"list\n")
        child.stdin.flush()
        self.assertEqual(child.wait(timeout=30), 4)  # with standard input still open
        self.finish(child)

    def test_input_that_ends_at_the_prompt_ends_the_run_at_once(self):
        for data, body in ((b"", f"{PROMPT}; exec sleep 60"),
                           (b"list\r\n", f"{PROMPT}; echo list; {PROMPT}; exec sleep 60"),
                           (b"list\noff", f"{PROMPT}; echo list; {PROMPT}; exec sleep 60")):
            with self.subTest(data):
                start = time.monotonic()
                self.assertEqual(self.pipe(body, data, silence=20), 4)
                self.assertLess(time.monotonic() - start, 10)
                self.assertEqual(len(self.err.splitlines()), 1, self.err)
                self.assertIn("its last line should be `off`", self.err)

    def test_input_that_ended_but_is_not_read_yet_is_waited_for(self):
        body = f"printf 'tlbed> '; sleep 0.7; read line; echo got $line; {GOOD_END}"
        self.assertEqual(self.pipe(body, b"list\n"), 0)
        self.assertIn("got list", self.out)

    def test_reader_that_leaves_early(self):
        self.assertEqual(self.pipe(f"exec <&-; sleep 0.5; {GOOD_END}", b"x" * 1000000), 0)
        self.assertEqual(self.err, "")

    def test_results_are_shown_to_the_line_that_asks_for_them(self):
        body = f"{PROMPT}; {RESULTS}; {PROMPT}; {RESULTS}; {GOOD_END}"
        self.pipe(body, b"list\nformat=json\n")
        self.assertEqual(self.out.count("inside"), 1)
        self.assertGreater(self.out.index("inside"), self.out.index("format=json"))


class Terminal(ShellCase):
    def start_on_terminal(self, body):
        """The runner leads a session whose terminal is ours to type on."""
        try:
            self.keys, terminal = pty.openpty()
        except OSError as error:  # a bare chroot has no /dev/pts
            self.skipTest(f"no pseudo-terminal here: {error}")
        self.addCleanup(os.close, self.keys)
        self.addCleanup(os.close, terminal)
        self.terminal = terminal
        self.cooked = termios.tcgetattr(terminal)
        child = self.start(body, terminal, start_new_session=True,
                           preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        child.stdout.read(len("tlbed>"))
        return child

    def local_modes(self):
        return termios.tcgetattr(self.terminal)[3]

    def test_keys_arrive_one_by_one_and_the_terminal_is_put_back(self):
        child = self.start_on_terminal(
            f"printf 'tlbed> '; head -c 3 >'{self.path('got')}'; echo; {GOOD_END}")
        self.assertFalse(self.local_modes() & (termios.ECHO | termios.ICANON))
        time.sleep(2.5)
        os.write(self.keys, b"a\x7f\x15")  # no end of line: nothing would come otherwise
        self.assertEqual(self.finish(child), 0)
        with open(self.path("got"), "rb") as got:
            self.assertEqual(got.read(), b"a\x7f\x15")
        self.assertEqual(termios.tcgetattr(self.terminal), self.cooked)

    def test_control_c_ends_the_run(self):
        child = self.start_on_terminal(f"{PROMPT}; sleep 60")
        os.write(self.keys, b"\x03")
        self.assertEqual(self.finish(child), 128 + signal.SIGINT)
        self.assertEqual(termios.tcgetattr(self.terminal), self.cooked)


if __name__ == "__main__":
    tap.main()
