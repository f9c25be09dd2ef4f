# SPDX-License-Identifier: MIT
"""tools/capture on a serial port, which a pseudo-terminal plays."""

import contextlib
import fcntl
import json
import os
import pty
import random
import resource
import select
import signal
import subprocess
import sys
import termios
import threading
import time
import unittest

import tap
from test_capture import (CAPTURE, GOOD_END, SEED, UBOOT, block, boot_of, check, command_of_nobody,
                          join, records)

from runner import serial

MEGABYTE = 1 << 20
TIOCGEXCL = 0x80045440  # of Linux's <asm-generic/ioctls.h>
LIMIT_S = 30


class PortCase(tap.ScratchCase):
    def setUp(self):
        super().setUp()
        self.board, port = pty.openpty()
        self.port = os.ttyname(port)
        for fd in (self.board, port):
            self.addCleanup(self.close, fd)
        self.slave = port

    def close(self, fd):
        with contextlib.suppress(OSError):
            os.close(fd)

    def start(self, *words, stdin=subprocess.DEVNULL, **keywords):
        """The command, when it listens."""
        child = subprocess.Popen([sys.executable, "-B", CAPTURE, self.port, *words], cwd=self.folder,
                                 stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **keywords)
        self.addCleanup(child.kill)
        self.said = child.stderr.readline().decode()
        return child

    def finish(self, child):
        out, err = child.communicate(timeout=LIMIT_S)
        self.out, self.err = (out or b"").decode(errors="replace"), self.said + err.decode()
        self.assertNotIn("Traceback", self.err)
        return child.returncode

    def send(self, data):
        os.set_blocking(self.board, False)
        while data:
            if not select.select([], [self.board], [], LIMIT_S)[1]:
                self.fail("nobody reads the port")
            data = data[os.write(self.board, data) :]

    def receive(self):
        """What the board gets."""
        ready, _, _ = select.select([self.board], [], [], LIMIT_S)
        return os.read(self.board, 100) if ready else b""

    def cpu_s(self, child):
        """What it has taken: (user, system)."""
        with open(f"/proc/{child.pid}/stat", encoding="ascii") as file:
            ticks = file.read().rpartition(")")[2].split()[11:13]
        return [int(tick) / os.sysconf("SC_CLK_TCK") for tick in ticks]

    def file(self, name="console.log"):
        with open(self.path(name), "rb") as file:
            return file.read()

    def benchmarks(self):
        return json.loads(self.file("results.json"))["benchmarks"]

    def await_log(self, size, name="console.log"):
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end:
            if os.path.exists(self.path(name)) and os.path.getsize(self.path(name)) >= size:
                return
            time.sleep(0.01)
        self.fail(f"{name} never had {size} bytes")


class Lines(unittest.TestCase):
    def test_no_piece_of_a_long_line_is_a_line(self):
        splitter, long = serial.Splitter(), b"x" * (serial.LINE_MAX + 1)
        exit_line = GOOD_END.encode() + b"\n"
        self.assertEqual(splitter.feed(b"a\r\nb\r"), [b"a\n"])
        self.assertEqual(splitter.feed(b"\n" + long), [b"b\n", long])
        self.assertEqual(splitter.feed(exit_line), [exit_line[:-1], b"\n"])
        self.assertEqual(splitter.feed(exit_line + b"c"), [exit_line])
        self.assertEqual(splitter.open, b"c")


class Port(PortCase):
    def test_a_boot_from_power_on_to_its_exit_line(self):
        child = self.start()
        self.assertIn(f"listening to {self.port} at 1500000 baud; the log is console.log", self.said)
        self.send(join(boot_of(end="tlbed: exit status 1")))
        self.assertEqual(self.finish(child), 1)
        self.assertEqual(self.file(), join(boot_of(end="tlbed: exit status 1")))
        self.assertEqual(self.benchmarks(), records(1, 3))
        shown = [line for line in boot_of(end="tlbed: exit status 1") if line not in block()]
        self.assertEqual(self.out, "\n".join([*shown, *check(), ""]))

    def test_a_megabyte_in_odd_chunks(self):
        chance = random.Random(SEED)
        data = join([*UBOOT, *(f"ok {i} - {'x' * chance.randrange(200)}" for i in range(5500)),
                     *boot_of(1, 4000)])
        self.assertGreater(len(data), MEGABYTE)
        child = self.start("--timeout", "20")
        drain = threading.Thread(target=child.stdout.read, daemon=True)
        drain.start()
        rest = data
        while rest:
            size = chance.choice((1, 3, 7, 61, 509, 4093))
            self.send(rest[:size])
            rest = rest[size:]
        self.assertEqual(child.wait(LIMIT_S), 0)
        self.assertEqual(self.file(), data)
        self.assertEqual(self.benchmarks(), records(1, 4000))
        self.assertIn("4000 records", child.stderr.read().decode())
        child.stderr.close()

    def test_nothing_is_lost_while_nobody_reads_the_screen(self):
        data = join([f"ok {i} - {'x' * 50}" for i in range(6000)])  # more than a pipe holds
        child = self.start()
        self.send(data)
        self.await_log(len(data))
        self.send(join([GOOD_END]))
        self.assertEqual(self.finish(child), 0)
        self.assertEqual(self.file(), data + join([GOOD_END]))
        self.assertEqual(self.out.encode(), self.file().replace(b"\r\n", b"\n"))

    def test_what_comes_is_shown_at_once(self):
        child = self.start()
        self.send(b"=> ")
        self.assertEqual(child.stdout.read(3), b"=> ")
        self.send(join(["", GOOD_END]))
        self.assertEqual(self.finish(child), 0)

    def test_modes_of_the_port(self):
        before = termios.tcgetattr(self.slave)
        child = self.start("--baud", "115200")
        iflag, oflag, cflag, lflag, *speeds, characters = termios.tcgetattr(self.slave)
        self.assertEqual((iflag, oflag, lflag, speeds), (0, 0, 0, [termios.B115200] * 2))
        self.assertEqual(cflag & (termios.CSIZE | termios.PARENB | termios.CSTOPB | termios.CRTSCTS),
                         termios.CS8)
        self.assertEqual(characters[termios.VMIN], 1)
        every_byte = bytes(range(256)) + b"\x03\x04\x11\x13\x1a\r\n"  # what a terminal would act on
        self.send(every_byte + join([GOOD_END]))
        self.assertEqual(self.finish(child), 0)
        self.assertEqual(self.file(), every_byte + join([GOOD_END]))
        self.assertEqual(termios.tcgetattr(self.slave), before)

    def test_port_is_nobody_elses_meanwhile(self):
        def is_exclusive():
            return int.from_bytes(fcntl.ioctl(self.slave, TIOCGEXCL, bytes(4)), sys.byteorder)
        child = self.start()
        self.assertEqual(is_exclusive(), 1)
        self.send(join([GOOD_END]))
        self.assertEqual(self.finish(child), 0)
        self.assertEqual(is_exclusive(), 0)

    def test_default_speed(self):
        child = self.start()
        self.assertEqual(termios.tcgetattr(self.slave)[4:6], [termios.B1500000] * 2)
        self.send(join([GOOD_END]))
        self.assertEqual(self.finish(child), 0)

    def test_silence(self):
        child = self.start("--timeout", "1")
        self.send(join([*UBOOT, *block()]))
        self.assertEqual(self.finish(child), 4)
        self.assertIn("no output for 1 s (exit status 4)", self.err)
        self.assertEqual(self.benchmarks(), records(1, 3))

    def test_a_board_that_says_nothing(self):
        self.assertEqual(self.finish(self.start("--timeout", "1")), 4)
        self.assertIn(f"{self.port}: nothing in it", self.err)

    def test_wrong_speed(self):
        child = self.start("--timeout", "1")
        self.send(random.Random(SEED).randbytes(5000))
        self.assertEqual(self.finish(child), 4)
        self.assertIn("is the speed right", self.err)

    def test_a_line_without_end(self):
        """Costs no more for each byte the longer it is; what follows it is seen."""
        data = b"x" * 12 * MEGABYTE
        child = self.start()
        threading.Thread(target=self.send, args=(data,), daemon=True).start()
        self.assertEqual(child.stdout.read(len(data)), data)
        self.assertLess(sum(self.cpu_s(child)), 8)
        self.send(b"tlbed: exit status 1\r\n" + join([GOOD_END]))  # the first is of that line
        self.assertEqual(self.finish(child), 0)
        self.assertEqual(self.file(), data + b"tlbed: exit status 1\r\n" + join([GOOD_END]))

    def test_port_that_goes_away(self):
        """Within a record: those before it are kept."""
        data = join([*UBOOT, *block()[:3]]) + block()[3][:40].encode()
        child = self.start()
        self.send(data)
        self.await_log(len(data))
        os.close(self.board)
        self.assertEqual(self.finish(child), 4)
        self.assertIn("went away (exit status 4)", self.err)
        self.assertEqual(self.file(), data)
        self.assertEqual(self.benchmarks(), records(1, 1))
        self.assertIn("1 of 3 records are there", self.err)

    def test_interrupt_leaves_what_came(self):
        with open(self.path("results.json"), "w", encoding="utf-8") as file:
            file.write("old")
        for number, signum in enumerate((signal.SIGINT, signal.SIGTERM, signal.SIGHUP)):
            log = f"console.log.{number}" if number else "console.log"
            child = self.start()
            data = join([*UBOOT, *block()])
            self.send(data)
            self.await_log(len(data), log)
            child.send_signal(signum)
            self.assertEqual(self.finish(child), 128 + signum)
            self.assertIn(f"interrupted; what came is in {log}", self.err)
            self.assertEqual(self.file(log), data)
            self.assertEqual(self.file("results.json"), b"old")

    def test_interrupt_of_what_is_in_no_log(self):
        child = self.start("--log", "/dev/full")
        self.send(join(UBOOT))
        self.assertTrue(child.stdout.read(10))
        child.send_signal(signal.SIGINT)
        self.assertEqual(self.finish(child), 130)
        self.assertIn("interrupted; /dev/full cannot be written: No space left", self.err)

    def test_no_log_is_overwritten(self):
        for log in ("console.log", "console.log.1", "mine"):
            words = ["--log", "mine"] if log == "mine" else []
            child = self.start(*words)
            self.assertIn(f"the log is {log};", self.said)
            self.send(join([log, GOOD_END]))
            self.assertEqual(self.finish(child), 0)
        for log in ("console.log", "console.log.1", "mine"):
            self.assertEqual(self.file(log), join([log, GOOD_END]))

    def test_keys_reach_the_board(self):
        keys, terminal = pty.openpty()
        self.addCleanup(self.close, keys)
        child = self.start(stdin=terminal, start_new_session=True,
                           preexec_fn=lambda: fcntl.ioctl(terminal, termios.TIOCSCTTY, 0))
        os.write(keys, b"2")
        self.assertEqual(self.receive(), b"2")
        self.send(join([GOOD_END]))
        self.assertEqual(self.finish(child), 0)


class BadPort(PortCase):
    def assert_refused(self, child, says):
        self.assertEqual(self.finish(child), 5)
        self.assertEqual(len(self.err.splitlines()), 1, self.err)
        self.assertIn(says, self.err)
        self.assertFalse(os.path.exists(self.path("console.log")))

    def test_speed_that_is_none(self):
        for baud in ("0", "1500001"):
            self.assert_refused(self.start("--baud", baud), f"{baud} baud is no speed")

    def test_port_that_somebody_else_has(self):
        fcntl.flock(self.slave, fcntl.LOCK_EX)
        self.assert_refused(self.start(), f"{self.port}: another program has it")

    def test_port_that_may_not_be_opened(self):
        fcntl.ioctl(self.slave, termios.TIOCEXCL)  # as it is while somebody else captures
        for mode, says in ((0, "Permission denied"), (0o666, "another program has it")):
            os.chmod(self.port, mode)
            child = subprocess.run(command_of_nobody(self.port), capture_output=True, text=True,
                                   stdin=subprocess.DEVNULL)
            self.assertEqual(child.returncode, 5)
            self.assertEqual(child.stderr, f"tlbed: {self.port}: {says} (exit status 5)\n")

    def test_log_that_cannot_be_created(self):
        self.assert_refused(self.start("--log", "no/such"), "no/such: No such file or directory")
        self.assert_refused(self.start("--log", self.folder), "Is a directory")
        self.assert_refused(self.start("--log", "r", "--results", "r"), "another name than the log")
        with open(self.path("r"), "wb"):
            self.assert_refused(self.start("--log", "r", "--results", "r.1"), "r.1: the results need")
        self.assertEqual(os.listdir(self.folder), ["r"])

    def test_speed_that_the_port_does_not_take(self):
        """A driver takes the nearest that it has: here as one without 1500000 would."""
        before = termios.tcgetattr(self.slave)
        code = ("import runpy, sys, termios; real = termios.tcsetattr\n"
                "def nearest(fd, when, modes):\n"
                "    near = [termios.B1000000 if speed == termios.B1500000 else speed for speed in modes[4:6]]\n"
                "    real(fd, when, [*modes[:4], *near, modes[6]])\n"
                "termios.tcsetattr = nearest; del sys.argv[0]; sys.path.insert(0, sys.argv[-1])\n"
                "del sys.argv[-1]; runpy.run_path(sys.argv[0], run_name='__main__')")
        for baud, status in (("1500000", 5), ("1000000", 4)):
            child = subprocess.run([sys.executable, "-B", "-c", code, CAPTURE, self.port, "--baud", baud,
                                    "--timeout", "1", os.path.dirname(CAPTURE)], cwd=self.folder,
                                   capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=LIMIT_S)
            self.assertEqual(child.returncode, status, child.stderr)
            self.assertEqual(termios.tcgetattr(self.slave), before)
            self.assertEqual(os.path.exists(self.path("console.log")), status == 4)
            if status == 5:
                self.assertEqual(child.stderr,
                                 f"tlbed: {self.port} does not take 1500000 baud (exit status 5)\n")

    def test_log_that_gets_full_within_a_write(self):
        """The system then writes a part and says nothing, until the next write."""
        data = join(boot_of())
        limit = (len(data) - 10, resource.RLIM_INFINITY)
        child = self.start(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
        self.send(data)
        self.assertEqual(self.finish(child), 4)
        self.assertIn("console.log cannot be written: File too large", self.err)
        self.assertEqual(self.benchmarks(), records(1, 3))
        self.assertEqual(self.file(), data[:-10])

    def test_two_things_that_fail(self):
        child = self.start("--results", "no/such")
        self.send(join([*UBOOT, *block()]))
        self.await_log(len(join([*UBOOT, *block()])))
        os.close(self.board)
        self.assertEqual(self.finish(child), 4)
        self.assertIn(f"tlbed: {self.port} went away\n", self.err)
        self.assertIn("tlbed: no/such cannot be written: No such file or directory (exit status 4)\n", self.err)

    def test_log_that_cannot_be_written(self):
        child = self.start("--log", "/dev/full")
        self.send(join(boot_of()))
        self.assertEqual(self.finish(child), 4)
        self.assertIn("/dev/full cannot be written: No space left", self.err)
        self.assertEqual(self.benchmarks(), records(1, 3))


if __name__ == "__main__":
    tap.main()
