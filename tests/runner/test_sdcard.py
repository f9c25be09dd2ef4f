# SPDX-License-Identifier: MIT
"""make sdcard: what lies where in the image, that it is always the same, what is refused.

The kernels are played by other bytes: tools/runner/card.py boots a card with real ones.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
import zlib

import tap

from sdcard import image
from test_qemu_sh import as_nobody

MODULE = [sys.executable, "-B", "-m", "sdcard.image"]
GIB = 1 << 30


def noise(size, seed):
    """The same bytes each time, which no other seed gives."""
    word = zlib.crc32(seed.encode()).to_bytes(4, "little")
    return (seed.encode() + word) * (size // (len(seed) + 4)) + b"." * (size % (len(seed) + 4))


class CardCase(tap.ScratchCase):
    def setUp(self):
        super().setUp()
        self.out = self.path("out")
        os.mkdir(self.out)
        self.kernels = {name: noise(300_001, name) for name in image.KERNELS}
        for name, data in self.kernels.items():
            self.write(f"out/{name}", data)

    def write(self, name, data):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def uboot(self, size=9_000_001, magic=b"RKNS", fit=image.FIT_MAGIC):
        """What begins and goes on as u-boot-rockchip.bin does, and is noise in between."""
        first = magic + noise(image.FIT_AT - len(magic), "loader")
        return self.write("u boot.bin", (first + fit + noise(size, "uboot"))[:size])

    def trees(self, *names, size=5000):
        for name in names:
            self.write(f"the trees/rockchip/{name}", noise(size, name))
        return self.path("the trees")

    def card(self):
        return os.path.join(self.out, "sdcard.img")

    def make(self, uboot="", dtbs="", card=None, preexec=None, **environment):
        """Runs the tool; returns its status."""
        done = subprocess.run(
            [*MODULE, "--kernels", self.out, "--image", card or self.card(), "--uboot", uboot,
             "--dtbs", dtbs], check=False, text=True,
            env={**os.environ, "PYTHONPATH": os.path.join(tap.TOP, "tools"), **environment},
            stdin=subprocess.DEVNULL, capture_output=True, timeout=100, preexec_fn=preexec)
        self.assertEqual(done.stdout, "")
        self.err = done.stderr
        return done.returncode

    def made(self, *arguments, **keywords):
        """The bytes of the image."""
        self.assertEqual(self.make(*arguments, **keywords), 0, self.err)
        with open(self.card(), "rb") as file:
            return file.read()

    def mtools(self, *words):
        """What a tool of mtools says of the boot partition."""
        command = [words[0], "-i", f"{self.card()}@@{image.BOOT_AT}", *words[1:]]
        done = subprocess.run(command, check=True, capture_output=True,
                              env={**os.environ, "TZ": "UTC"})
        return done.stdout


class Layout(CardCase):
    def test_uboot_is_at_sector_64_and_nothing_else_before_16_mib(self):
        uboot = self.uboot()
        data = self.made(uboot)
        with open(uboot, "rb") as file:
            self.assertEqual(data[64 * 512 :][:9_000_001] == file.read(), True)
        for begin, end in ((34 * 512, 64 * 512), (64 * 512 + 9_000_001, 16 << 20)):
            self.assertFalse(any(data[begin:end]), begin)
        self.assertIn("U-Boot at sector 64: ", self.err)
        self.assertEqual(len(self.err.splitlines()), 3, self.err)

    def test_without_uboot_that_room_is_empty_and_one_line_says_for_whom(self):
        data = self.made()
        self.assertFalse(any(data[34 * 512 : 16 << 20]))
        self.assertEqual(self.err.count("no UBOOT: this card is for boards that have U-Boot in "
                                        "their SPI flash\n"), 1)
        self.assertEqual(self.err.count("no DTBS: this card is for a U-Boot that passes a tree of "
                                        "its own, as mainline's do\n"), 1)

    def test_largest_uboot_fits(self):
        data = self.made(self.uboot((16 << 20) - (32 << 10)))
        with open(self.path("u boot.bin"), "rb") as file:
            self.assertEqual(data[32 << 10 : 16 << 20] == file.read(), True)
        self.assertEqual(self.mtools("mtype", "::/Image"), self.kernels["Image"])

    def test_uboot_that_looks_like_another_file_is_told(self):
        for keywords, why in (({"magic": b"\x7fELF"}, "does not begin with RKNS"),
                              ({"magic": b"\xd0\x0d\xfe\xed"}, "does not begin with RKNS"),
                              ({"size": 300_001}, "has no U-Boot for sector 16384"),
                              ({"size": 3}, "does not begin with RKNS"),
                              ({"fit": b"RKNS"}, "has no U-Boot for sector 16384")):
            with self.subTest(why):
                self.made(self.uboot(**keywords))
                self.assertEqual(self.err.count(why), 1)
                self.assertEqual(len(self.err.splitlines()), 4, self.err)

    def test_gpt_with_one_bootable_partition_from_16_mib(self):
        data = self.made(self.uboot())
        self.assertEqual((data[510:512], data[450]), (b"\x55\xaa", 0xEE))
        header, last = data[512:604], len(data) // 512 - 1
        self.assertEqual(header[:8], b"EFI PART")
        for at in (512, last * 512):  # the backup, too
            header = data[at : at + 92]
            self.assertEqual(zlib.crc32(header[:16] + bytes(4) + header[20:]),
                             int.from_bytes(header[16:20], "little"))
            table = int.from_bytes(header[72:80], "little") * 512
            self.assertEqual(zlib.crc32(data[table : table + 128 * 128]),
                             int.from_bytes(header[88:92], "little"))
        entry, others = data[1024:1152], data[1152 : 1024 + 128 * 128]
        self.assertFalse(any(others))
        self.assertEqual(uuid.UUID(bytes_le=entry[:16]),
                         uuid.UUID("ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"))
        self.assertEqual([int.from_bytes(entry[i : i + 8], "little") for i in (32, 40, 48)],
                         [32768, 32768 + (64 << 11) - 1, 4])

    def test_files_of_the_boot_partition(self):
        dtbs = self.trees("rk3588-a.dtb", "rk3588s-b.dtb", "overlay.dtbo")
        self.made("", dtbs)
        for name, data in self.kernels.items():
            self.assertEqual(self.mtools("mtype", f"::/{name}"), data)
        with open(image.MENU, "rb") as file:
            self.assertEqual(self.mtools("mtype", "::/extlinux/extlinux.conf"), file.read())
        names = self.mtools("mdir", "-b", "-/", "::/dtb").decode().split()
        self.assertEqual(sorted(names), ["::/dtb/rockchip/", "::/dtb/rockchip/rk3588-a.dtb",
                                         "::/dtb/rockchip/rk3588s-b.dtb"])
        self.assertEqual(self.mtools("mtype", "::/dtb/rockchip/rk3588-a.dtb"),
                         noise(5000, "rk3588-a.dtb"))
        self.assertIn(f"device trees: 2 of {dtbs}/rockchip", self.err)

    def test_many_trees_with_names_that_look_alike(self):
        names = [f"rk3588-a-board-of-a-long-name-{i}.dtb" for i in range(150)]
        self.made("", self.trees(*names))
        found = self.mtools("mdir", "-b", "::/dtb/rockchip").decode().split()
        self.assertEqual(sorted(found), sorted(f"::/dtb/rockchip/{name}" for name in names))


class Sameness(CardCase):
    def test_same_files_give_the_same_bytes(self):
        arguments = self.uboot(), self.trees("rk3588-a.dtb", "rk3588-b.dtb")
        first = self.made(*arguments, TZ="Asia/Tokyo", LC_ALL="C.UTF-8")
        shutil.move(self.path("the trees/rockchip"), self.path("old"))
        for name in ("rk3588-b.dtb", "rk3588-a.dtb"):  # another order in the folder
            self.trees(name)
        time.sleep(2.1)  # FAT counts time by two seconds
        os.umask(0o077)
        self.addCleanup(os.umask, 0o022)
        self.assertEqual(first == self.made(*arguments, TZ="America/Lima"), True)

    def test_the_time_is_the_callers_if_he_names_one(self):
        first = self.made()
        self.assertIn(b"2026-01-01", self.mtools("mdir", "::"))
        self.assertEqual(first == self.made(SOURCE_DATE_EPOCH="1700000000"), False)
        self.assertIn(b"2023-11-14", self.mtools("mdir", "::"))

    def test_nothing_else_of_the_environment_changes_a_byte(self):
        with open(self.path(".mtoolsrc"), "w", encoding="ascii") as file:
            file.write("mtools_no_vfat=1\n")
        self.assertEqual(self.made() == self.made(
            MTOOLS_NO_VFAT="1", MTOOLSRC=self.path(".mtoolsrc"), HOME=self.folder,
            GENIMAGE_MCOPY="false", GENIMAGE_LOGLEVEL="3"), True)

    def test_another_kernel_is_another_image(self):
        first = self.made()
        self.write("out/Image", noise(300_001, "other"))
        self.assertEqual(first == self.made(), False)


class Refusing(CardCase):
    def assert_refused(self, pattern, *arguments, **keywords):
        """One line that says why, and neither an image nor a half of one."""
        self.assertEqual(self.make(*arguments, **keywords), 1, self.err)
        self.assertEqual(self.err.count("no card image: "), 1, self.err)
        self.assertRegex(self.err.splitlines()[-1], f"^tlbed: no card image: {pattern}")
        self.assertNotIn("Traceback", self.err)
        left = set(os.listdir(self.out)) - set(image.KERNELS)
        self.assertEqual({name for name in left if os.path.isfile(os.path.join(self.out, name))},
                         set())

    def test_uboot(self):
        none, empty = self.path("none"), self.write("empty", b"")
        for path, why in ((none, f"UBOOT={none}: No such file or directory$"),
                          (self.folder, "UBOOT=.* is not a file$"),
                          ("/dev/null", "UBOOT=/dev/null is not a file$"),
                          (empty, "UBOOT=.* is empty$"),
                          (self.uboot((16 << 20) - (32 << 10) + 1),
                           "UBOOT=.* has 16,744,449 bytes: 16,744,448 at most fit")):
            with self.subTest(why):
                self.assert_refused(why, path)

    def test_trees(self):
        none, empty = self.path("none"), self.path("empty")
        os.makedirs(os.path.join(empty, "rockchip"))
        shutil.copy(self.trees("a.dtb") + "/rockchip/a.dtb", empty)  # not in rockchip/
        for path, why in ((none, f"DTBS={none}: No such file or directory$"),
                          (self.uboot(), "DTBS=.* is not a folder$"),
                          (empty, "DTBS=.* has no rockchip/\\*.dtb$"),
                          (self.trees("a b.dtb"), "DTBS=.*: what is 'a b.dtb'\\?$")):
            with self.subTest(why):
                self.assert_refused(why, "", path)

    def test_more_than_the_partition_holds(self):
        self.assert_refused("kernels and device trees have 64,.* bytes: 62,914,560 at most fit$",
                            "", self.trees("a.dtb", size=61 << 20))

    def test_no_kernel(self):
        os.remove(os.path.join(self.out, "Image.check"))
        self.assert_refused(".*/out/Image.check: No such file or directory$")

    def test_image_path_that_cannot_be_written(self):
        os.mkdir(self.card())
        self.assert_refused(f"{self.card()}: Is a directory$")
        os.rmdir(self.card())
        os.mkdir(self.card() + ".new")
        self.assert_refused(f"{self.card()}.new: Is a directory$")

    def test_image_whose_name_genimage_does_not_take(self):
        self.assert_refused("SDCARD=.*: genimage takes no name like 'a b.img'$",
                            card=os.path.join(self.out, "a b.img"))

    def test_image_elsewhere(self):
        card = self.write("other place/card.img", b"the one before")
        self.assertEqual(self.make(card=card), 0, self.err)
        self.assertIn(f"{card}, 80 MiB, is whole", self.err)
        self.assertEqual(os.listdir(self.path("other place")), ["card.img"])
        self.assertEqual(sorted(os.listdir(self.out)), sorted(image.KERNELS))

    def test_time_that_fat_does_not_know(self):
        for text in ("abc", "-1", "0", "315532799", "4354819200", "99999999999999999999",
                     "1700000000.5", " 1700000000", "1700000000\n"):
            with self.subTest(text):
                self.assert_refused("SOURCE_DATE_EPOCH='.*': seconds .* are times of FAT$",
                                    SOURCE_DATE_EPOCH=text)
        for text in ("315532800", "4354819199"):
            self.made(SOURCE_DATE_EPOCH=text)

    def test_scratch_folder_that_is_full(self):
        small = self.small_disk("1M")
        self.assert_refused(f"{small}/.*/u-boot.bin: No space left on device$", self.uboot(),
                            TMPDIR=small)

    def test_no_room_left_on_the_disk(self):
        """A limit on the size of files stands for it: each write past it fails in the same way."""
        limit = 40 << 20

        def small_files():
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        self.assert_refused("genimage: ended by signal 25$", preexec=small_files)

    def small_disk(self, size):
        """A folder; its name has no blank."""
        folder = tempfile.mkdtemp(prefix="tlbed-small.")
        self.addCleanup(os.rmdir, folder)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tlbed", folder]
        if os.getuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
            self.skipTest("a small disk cannot be mounted here")
        self.addCleanup(subprocess.run, ["umount", folder], check=True)
        return folder

    def test_disk_that_is_full(self):
        self.out = self.small_disk("1M")
        for name, data in self.kernels.items():
            with open(os.path.join(self.out, name), "wb") as file:
                file.write(data)
        self.assert_refused("genimage: .*No space left", self.uboot(900_000))

    def test_scratch_folder_with_a_blank(self):
        self.assert_refused("TMPDIR=.*: genimage takes no blanks$", TMPDIR=self.folder)

    def test_genimage_that_is_not_there(self):
        self.assert_refused("genimage: No such file or directory$", PATH=self.folder)


class Preparing(tap.ScratchCase):
    """The step before anything is built, in a tree of its own."""

    def setUp(self):
        super().setUp()
        os.chmod(self.folder, 0o755)
        shutil.copytree(os.path.join(tap.TOP, "tools"), self.path("tools"),
                        ignore=shutil.ignore_patterns("__pycache__"))
        self.card = self.path("out/a card's.img")

    def prepare(self, nobody=False, **environment):
        wrapper = as_nobody() if nobody else []
        done = subprocess.run([*wrapper, self.path("tools/sdcard/prepare.sh")], cwd=self.folder,
                              check=False, text=True, capture_output=True, stdin=subprocess.DEVNULL,
                              env={"O": self.path("build"), "SDCARD": self.card,
                                   "PATH": os.environ["PATH"], **environment})
        self.assertEqual(done.stdout, "")
        self.err = done.stderr
        return done.returncode

    def assert_refused(self, pattern, **keywords):
        self.assertEqual(self.prepare(**keywords), 1)
        self.assertRegex(self.err, f"^tlbed: no card image: {pattern}\n$")
        self.assertEqual(len(self.err.splitlines()), 1)

    def test_the_card_of_an_earlier_call_goes(self):
        os.mkdir(self.path("out"))
        for _ in range(2):
            with open(self.card, "w", encoding="ascii"):
                pass
            self.assertEqual((self.prepare(), self.err), (0, ""))
            self.assertFalse(os.path.exists(self.card))
        self.assertEqual((self.prepare(), self.err), (0, ""))  # and none need be there
        self.assertTrue(os.path.isdir(self.path("build")))

    def test_what_is_no_card_stays(self):
        os.makedirs(self.card)
        self.assert_refused(".*/a card's.img is there and is not a file")
        self.card = self.path("pipe")
        os.mkfifo(self.card)
        self.assert_refused(".*/pipe is there and is not a file")
        self.assertTrue(os.path.exists(self.card))

    def test_where_nothing_can_be_written(self):
        os.mkdir(self.path("out"))
        os.mkdir(self.path("build"))
        os.chmod(self.path("build"), 0o777)
        self.assert_refused(".*/out cannot be written", nobody=True)
        with open(self.card, "w", encoding="ascii"):
            pass
        self.assert_refused(".*/a card's.img cannot be removed", nobody=True)
        os.chmod(self.path("out"), 0o777)
        os.chmod(self.path("build"), 0o755)
        self.assert_refused(".*/build cannot be written", nobody=True)
        self.card = "/proc/none/card.img"
        self.assert_refused("/proc/none cannot be written")

    def test_without_rights_one_line_says_what_to_type(self):
        os.mkdir(self.path("bin"))
        for name in ("bash", "dirname", "env", "id", "mkdir", "rm", "setpriv", "uname"):
            os.symlink(shutil.which(name), self.path(f"bin/{name}"))
        self.program("bin/apt-get", "#!/bin/sh\nexit 1\n")
        for folder in ("build", "out"):
            os.mkdir(self.path(folder))
            os.chmod(self.path(folder), 0o777)
        self.assert_refused("not installed: make python3 gcc-aarch64-linux-gnu .*genimage mtools.* "
                            "Type: su -c 'apt-get update && apt-get install .*'", nobody=True,
                            PATH=self.path("bin"))


if __name__ == "__main__":
    tap.main()
