# SPDX-License-Identifier: MIT
"""make flash: what it refuses, and what is on the card after it. Disks are played by a
tree as sysfs has it and by files: no test here opens a device.
"""

import contextlib
import io
import os
import subprocess
import sys
import unittest.mock

import tap

from sdcard import flash

MIB = 1 << 20
DISK = "8:16"  # sdb, as the fake sysfs has it


def card_image(size, more=0):
    """What has a GPT whose copy is in the last sector, and `more` bytes behind it."""
    return (os.urandom(512) + b"EFI PART" + bytes(24) + (size // 512 - 1).to_bytes(8, "little") +
            os.urandom(size - 552 + more))


class FakeSystem(flash.System):
    """Files are disks: by the number that `numbers` has for their path."""

    def __init__(self, folder):
        self.sysfs, self.proc = os.path.join(folder, "sys"), os.path.join(folder, "proc")
        self.numbers = {}

    def number(self, path):
        if isinstance(path, int):
            path = os.readlink(f"/proc/self/fd/{path}")
        os.stat(path)
        if path not in self.numbers:
            raise flash.Refusal(f"{path} is not a disk")
        return self.numbers[path]


class FlashCase(tap.ScratchCase):
    """A card reader sdb with a card of 8 MiB, which two partitions share, and a built-in sda."""

    def setUp(self):
        super().setUp()
        self.system = FakeSystem(self.folder)
        self.disk("sda", "8:0", 64 * MIB, removable="0")
        self.disk("sdb", DISK, 8 * MIB)
        self.partition("sdb", "sdb1", "8:17")
        self.partition("sdb", "sdb2", "8:18")
        self.put("proc/self/mountinfo", "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
                 "23 22 0:21 / /proc rw - proc proc rw\n24 22 0:30 / /srv\\040x rw - nfs a:/b rw\n")
        self.put("proc/swaps", "Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n")
        self.image = self.path("sdcard.img")
        self.data = card_image(3 * MIB, 77)
        with open(self.image, "wb") as file:
            file.write(self.data)
        self.card = self.path("dev/sdb")
        self.answer = None  # standard input, where it is not what is typed

    def put(self, name, text):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def node(self, name, number, folder):
        """The file that plays /dev/name, and sysfs's link to its folder."""
        self.put(f"dev/{name}", "")
        self.system.numbers[self.path(f"dev/{name}")] = number
        self.put(f"{folder}/dev", f"{number}\n")
        link = self.path(f"sys/dev/block/{number}")
        os.makedirs(os.path.dirname(link), exist_ok=True)
        os.symlink(self.path(folder), link)

    def disk(self, name, number, size, removable="1"):
        folder = f"sys/devices/usb1/block/{name}"
        for key, value in (("removable", removable), ("ro", "0"), ("size", str(size // 512)),
                           ("device/vendor", "ACME "), ("device/model", "Reader"),
                           ("diskseq", "7")):
            self.put(f"{folder}/{key}", f"{value}\n")
        os.mkdir(self.path(f"{folder}/holders"))
        self.node(name, number, folder)
        with open(self.path(f"dev/{name}"), "wb") as file:
            file.write(b"\xa5" * size)

    def partition(self, disk, name, number):
        folder = f"sys/devices/usb1/block/{disk}/{name}"
        self.put(f"{folder}/partition", f"{name[-1]}\n")
        os.mkdir(self.path(f"{folder}/holders"))
        self.node(name, number, folder)

    def of_disk(self, name, value, disk="sdb"):
        self.put(f"sys/devices/usb1/block/{disk}/{name}", value)

    def run_flash(self, typed=f"{8 * MIB}\n", device=None):
        """What it says."""
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            flash.run(self.card if device is None else device, self.image, self.system,
                      self.answer or io.StringIO(typed))
        return said.getvalue()

    def content(self, name="sdb"):
        with open(self.path(f"dev/{name}"), "rb") as file:
            return file.read()


class Refusing(FlashCase):
    def assert_refused(self, pattern, **keywords):
        """One line says why, and nothing was written."""
        before = {name: self.content(name) for name in ("sda", "sdb")}
        with self.assertRaisesRegex(flash.Refusal, pattern) as caught:
            self.run_flash(**keywords)
        self.assertEqual(len(str(caught.exception).splitlines()), 1)
        self.assertEqual(before == {name: self.content(name) for name in before}, True)

    def test_no_device(self):
        self.assert_refused("^which card\\? make flash DEV=", device="")
        self.assert_refused("none: No such file or directory$", device=self.path("none"))
        self.assert_refused("sdcard.img is not a disk$", device=self.image)

    def test_partition_is_no_disk(self):
        self.assert_refused("sdb1 is a partition: the card is the whole disk, /dev/sdb$",
                            device=self.path("dev/sdb1"))

    def test_disk_that_is_built_in(self):
        self.assert_refused("sda is built in: only what can be taken out is written$",
                            device=self.path("dev/sda"), typed=f"{64 * MIB}\n")
        for kind in ("MMC", ""):  # an eMMC; a kernel that does not say
            self.of_disk("device/type", kind, "sda")
            self.assert_refused("sda is built in", device=self.path("dev/sda"))

    def test_disk_of_which_sysfs_says_nothing(self):
        os.remove(self.path("sys/devices/usb1/block/sdb/removable"))
        self.assert_refused("sdb is built in")
        os.remove(self.path(f"sys/dev/block/{DISK}"))
        self.assert_refused(f"sdb: sysfs does not know {DISK}$")

    def test_mounted(self):
        for line, where in ((f"30 22 {DISK} / /media/all rw - vfat /dev/sdb rw", "/media/all"),
                            ("30 22 8:18 / /media/a\\040b rw - vfat /dev/sdb2 rw", "/media/a b"),
                            # btrfs has a number of its own
                            (f"30 22 0:45 / /media/b rw shared:3 - btrfs {self.path('dev/sdb2')} rw"
                             .replace("tlbed test ", "tlbed\\040test\\040"), "/media/b")):
            with self.subTest(where):
                self.put("proc/self/mountinfo", f"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n{line}\n")
                self.assert_refused(f"sdb is mounted on {where}: unmount it first$")

    def test_swap(self):
        name = self.path("dev/sdb2").replace(" ", "\\040")
        self.put("proc/swaps", f"Filename Type Size Used Priority\n{name} partition 1 0 -2\n")
        self.assert_refused("sdb is used as swap")

    def test_part_of_something_else(self):
        os.mkdir(self.path("sys/devices/usb1/block/sdb/sdb1/holders/dm-0"))
        self.assert_refused("sdb is in use: sdb1 is part of dm-0$")
        os.mkdir(self.path("sys/devices/usb1/block/sdb/holders/md0"))
        self.assert_refused("sdb is in use: sdb is part of md0$")

    def test_seen_through_a_loop_device(self):
        self.put("sys/block/loop0/loop/backing_file", self.path("none") + "\n")
        self.put("sys/block/loop1/loop/backing_file", self.path("dev/sdb2") + "\n")
        self.assert_refused("sdb is in use: .*/dev/sdb2 is behind loop1$")

    def test_write_protected(self):
        self.of_disk("ro", "1\n")
        self.assert_refused("sdb is write-protected")

    def test_size(self):
        self.of_disk("size", "0\n")
        self.assert_refused("sdb has no card in it$")
        self.of_disk("size", f"{len(self.data) // 512}\n")
        self.assert_refused(f"sdb has {len(self.data) // 512 * 512:,} bytes, "
                            f"the image {len(self.data):,}$")

    def test_image(self):
        for data, why in ((bytes(1024), "is no image of a card: it has no GPT$"),
                          (b"", "is no image of a card: it has no GPT$"),
                          (self.data[:-78], "is cut: it has 3,145,727 bytes of 3,145,728$")):
            with open(self.image, "wb") as file:
                file.write(data)
            self.assert_refused(f"sdcard.img {why}")
        os.remove(self.image)
        self.assert_refused("sdcard.img: No such file or directory \\(make sdcard writes one\\)$")
        os.mkdir(self.image)
        self.assert_refused("sdcard.img is not a file$")

    def test_image_that_has_no_size_of_its_own(self):
        for path in (self.path("pipe"), "/dev/zero"):
            if path != "/dev/zero":
                os.mkfifo(path)
            self.image = path
            self.assert_refused(f"{path} is not a file$")

    def test_size_that_is_not_typed(self):
        for typed, why in (("", "nothing was typed"), ("\n", "nothing was typed"),
                           ("y\n", "is not the size of"), (f"{8 * MIB}\0\n", "is not the size of"), ("yes\n", "is not the size of"),
                           (f"{8 * MIB}0\n", "is not the size of"), ("8\n", "is not the size of"),
                           (f"{64 * MIB}\n", "is not the size of")):
            with self.subTest(typed):
                self.assert_refused(why, typed=typed)

    def test_typed_bytes_that_are_no_text(self):
        self.answer = io.TextIOWrapper(io.BytesIO(b"\xff\xfe\n"), encoding="utf-8")
        self.assert_refused("is not the size of")

    def test_card_that_changes_while_somebody_types(self):
        ask = flash.ask
        numbers = self.system.numbers
        for change, why in ((lambda: self.of_disk("size", "100\n"), "the image"),
                            (lambda: self.of_disk("diskseq", "8\n"), "has another card in it"),
                            (lambda: self.of_disk("device/model", "Other\n"), "another card"),
                            (lambda: self.of_disk("size", "16385\n"), "another card in it"),
                            (lambda: numbers.update({self.card: "8:0"}), "is built in")):
            def asked(*arguments, change=change):
                ask(*arguments)
                change()

            with self.subTest(why), unittest.mock.patch.object(flash, "ask", asked):
                self.assert_refused(why)
            for name, value in (("size", f"{8 * MIB // 512}\n"), ("diskseq", "7\n"),
                                ("device/model", "Reader\n")):
                self.of_disk(name, value)

    def test_another_disk_by_that_name_when_it_is_opened(self):
        number, opened = self.system.number, []

        def other(path):
            opened.extend([path] * isinstance(path, int))
            return "8:32" if isinstance(path, int) else number(path)

        with unittest.mock.patch.object(self.system, "number", other):
            self.assert_refused("sdb is another disk than a moment ago$")
        self.assertEqual(len(opened), 1)


class Writing(FlashCase):
    def test_image_is_on_the_card_and_the_rest_untouched(self):
        said = self.run_flash()
        self.assertEqual(self.content()[: len(self.data)] == self.data, True)
        self.assertEqual(set(self.content()[len(self.data) :]), {0xA5})
        self.assertEqual(set(self.content("sda")), {0xA5})
        self.assertIn("ACME Reader, 8,388,608 bytes (0.0 GB). All that is on it will be lost", said)
        self.assertIn(f"{len(self.data):,} bytes, read back and compared", said)

    def test_commas_as_they_are_shown_are_taken(self):
        self.run_flash(typed=f" {8 * MIB:,} \n")
        self.assertEqual(self.content()[: len(self.data)] == self.data, True)

    def test_sd_card_in_a_slot_that_calls_nothing_removable(self):
        self.of_disk("removable", "0\n")
        self.of_disk("device/type", "SD\n")
        self.run_flash()
        self.assertEqual(self.content()[: len(self.data)] == self.data, True)

    def test_card_whose_name_is_no_text(self):
        os.remove(self.path("sys/devices/usb1/block/sdb/device/model"))
        name = self.path("sys/devices/usb1/block/sdb/device/name")
        with open(name, "wb") as file:
            file.write(b"SD\x1b[2J\xff\n")
        said = self.run_flash()
        self.assertIn("is ACME SD?[2J\ufffd, 8,388,608 bytes", said)

    def test_link_to_the_device(self):
        link = self.path("dev/by-id")
        os.symlink(self.card, link)
        self.system.numbers[link] = DISK
        self.run_flash(device=link)
        self.assertEqual(self.content()[: len(self.data)] == self.data, True)

    def assert_fails(self, pattern, **patches):
        with contextlib.ExitStack() as stack:
            for name, value in patches.items():
                stack.enter_context(unittest.mock.patch.object(flash, name, value))
            with self.assertRaisesRegex(flash.Refusal, pattern):
                self.run_flash()

    def test_card_that_does_not_keep_what_is_written(self):
        write = flash.write

        for at in (0, 2 * MIB + 5, len(self.data) - 1):
            def write_badly(image, card, device, at=at):
                size = write(image, card, device)
                os.pwrite(card.fileno(), bytes([self.data[at] ^ 0x10]), at)
                return size

            with self.subTest(at):
                self.assert_fails(f"does not hold what was written: it differs at byte {at:,}$",
                                  write=write_badly)

    def test_card_that_is_shorter_than_it_says(self):
        write = flash.write

        def write_short(image, card, device):
            size = write(image, card, device)
            os.ftruncate(card.fileno(), MIB + 3)
            return size

        self.assert_fails(f"it differs at byte {MIB + 3:,}$", write=write_short)

    def test_write_error(self):
        os.remove(self.card)
        os.symlink("/dev/full", self.card)  # no space, at the first byte
        self.system.numbers["/dev/full"] = DISK
        self.assert_fails("writing .* failed past byte 0: No space left on device")

    def test_nobody_gets_it_between_writing_and_reading(self):
        opened, held = os.open, []

        def counted(path, flags, *mode):
            if path == self.card:
                held.append(flags)
            return opened(path, flags, *mode)

        with unittest.mock.patch("os.open", counted):
            self.run_flash()
        self.assertEqual(held, [os.O_RDWR | os.O_EXCL])

    def test_it_is_on_the_medium_before_it_is_read_back(self):
        order = []
        for name in ("forget", "compare"):
            original = getattr(flash, name)

            def traced(*arguments, name=name, original=original):
                order.append(name)
                return original(*arguments)

            patch = unittest.mock.patch.object(flash, name, traced)
            patch.start()
            self.addCleanup(patch.stop)
        fsync = os.fsync
        with unittest.mock.patch("os.fsync", lambda fd: (order.append("fsync"), fsync(fd))):
            self.run_flash()
        self.assertEqual(order, ["fsync", "forget", "compare"])

    def test_interrupted_while_writing(self):
        def interrupted(*_):
            raise KeyboardInterrupt

        self.assert_fails("^interrupted: what is on the card is not whole$", write=interrupted)


class ClosedInput(FlashCase):
    def test_it_is_as_if_nothing_was_typed(self):
        said = io.StringIO()
        with unittest.mock.patch.multiple(
                sys, stdin=None, stderr=said, argv=["flash", self.card, self.image]), \
                unittest.mock.patch.object(flash, "System", lambda: self.system):
            self.assertEqual(flash.main(), 1)
        self.assertEqual(said.getvalue().splitlines()[-1], "tlbed: not flashed: nothing was typed")
        self.assertEqual(set(self.content()), {0xA5})


class Program(tap.ScratchCase):
    def test_a_refusal_is_one_line_and_status_1(self):
        image = self.path("sdcard.img")
        with open(image, "wb") as file:
            file.write(card_image(1024))
        done = subprocess.run(
            [sys.executable, "-B", "-m", "sdcard.flash", image, image], check=False, text=True,
            env={**os.environ, "PYTHONPATH": os.path.join(tap.TOP, "tools")},
            stdin=subprocess.DEVNULL, capture_output=True)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr, f"tlbed: not flashed: {image} is not a disk\n")

    def test_make_passes_on_which_card(self):
        for words, why in (([], "which card? make flash DEV=/dev/sdX"),
                           (["DEV=/dev/null", "SDCARD=Makefile"], "Makefile is no image of a card: "
                            "it has no GPT"), (["DEV=/dev/null"], "build/none/sdcard.img: No such "
                                               "file or directory (make sdcard writes one)"),
                           (["DEV=it's", "SDCARD=a\"b"], 'a"b: No such file or directory '
                            "(make sdcard writes one)")):
            with self.subTest(words):
                environment = {name: value for name, value in os.environ.items()
                               if name not in ("DEV", "SDCARD")}
                done = subprocess.run(["make", "-s", "flash", "O=build/none", *words], cwd=tap.TOP,
                                      stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                      check=False, env=environment)
                self.assertEqual(done.returncode, 2)
                self.assertEqual(done.stderr.splitlines()[0], f"tlbed: not flashed: {why}")


if __name__ == "__main__":
    tap.main()
