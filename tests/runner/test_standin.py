# SPDX-License-Identifier: MIT
"""Machines that stand in for a board: what the wrapper holds byte for byte, what is refused by line,
and its code in QEMU, on an image of a few instructions.
"""

import os
import shutil
import struct
import subprocess
import unittest

import tap
from test_endings import HEAD, EndingsCase

from runner import endings, standin, starts

MAP = "rk3588-like-map-for-versal.dts"
QEMU = "qemu-system-aarch64"
MAGIC_AT, HEADER = 56, 64


def image():
    """An Image of nothing but its header."""
    head = struct.pack("<IIQQQ", 0, 0, 0, 0x300000, 0xA).ljust(MAGIC_AT, b"\0")
    return (head + b"ARM\x64").ljust(HEADER, b"\0")


# Ends with its own address / 512 KiB, plus what WORD_AT holds; 0 if x0 is no tree, x1 to x3 are not
# 0, or its last bytes did not come with it.
WORD_AT = 0x3000000
PROGRAM = """
head:	b	1f
	.long	0
	.quad	OFFSET, SIZE, 0xa, 0, 0, 0
	.ascii	"ARM\\x64"
	.long	0
1:	ldr	w4, [x0]
	ldr	w5, =0xedfe0dd0
	cmp	w4, w5
	orr	x1, x1, x2
	orr	x1, x1, x3
	ccmp	x1, #0, #0, eq
	adr	x6, head
	ldr	x7, =SIZE - 4
	ldr	w4, [x6, x7]
	ccmp	w4, w5, #0, eq
	ldr	x7, =0x3000000
	ldr	w7, [x7]
	add	x6, x7, x6, lsr #19
	csel	x6, x6, xzr, eq
	adr	x1, block
	str	x6, [x1, #8]
	mov	x0, #0x20		// SYS_EXIT_EXTENDED
	hlt	#0xf000
	.ltorg
	.balign	8
block:	.quad	0x20026, 0
	.org	SIZE - 4
	.long	0xedfe0dd0
"""


class Words(EndingsCase):
    def test_they_make_a_board(self):
        text = f"start wrapped\ntree {MAP}\nat 2080000\nstore 4010010010 1001\nstore 8 ffffffff\n"
        board = self.read(HEAD + text)[0].board
        self.assertEqual((board.tree, board.at), (f"tests/boards/{MAP}", 0x2080000))
        self.assertEqual(board.stores, [(0x4010010010, 0x1001), (8, 0xFFFFFFFF)])

    def test_each_ending_has_its_own(self):
        text = HEAD + "start wrapped\nstore 8 1\nending b\nwhy x\nstatus 0\n"
        first, second = self.read(text)
        self.assertEqual((first.board.stores, second.board.stores), ([(8, 1)], []))

    def test_errors_are_named_by_line(self):
        wrapped = HEAD + "start wrapped\n"
        for text, line, said in (
                (wrapped + "at 0\n", 5, "'0' is no address"), (wrapped + "at -1\n", 5, "no address"),
                (wrapped + "at 2M\n", 5, "at: invalid literal"), (wrapped + "at 1\nat 2\n", 6, "twice"),
                (wrapped + "tree ../x\n", 5, "'../x' is no name"),
                (wrapped + "tree a\ntree b\n", 6, "twice"), (wrapped + "store 1\n", 5, "store: "),
                (wrapped + "store 8 100000000\n", 5, "no address and 32 bits"),
                (wrapped + "store 8 -1\n", 5, "no address and 32 bits"),
                (wrapped + "spoil -1\n", 5, "'-1' is no offset"),
                (wrapped + "spoil 100000\n", 5, "is no offset"),
                (HEAD + "spoil 0\n", 1, "are for start wrapped"),
                (HEAD + "store 8 1\n", 1, "are for start wrapped"),
                (HEAD + "start uboot\ntree a\n", 1, "are for start wrapped"),
                (HEAD + "at 200000\n", 1, "`at` is for start wrapped and uboot")):
            with self.subTest(text), self.assertRaises(endings.Malformed) as raised:
                self.read(text)
            with self.subTest(text):
                self.assertIn(f"table:{line}: ", str(raised.exception))
                self.assertIn(said, str(raised.exception))


class UBoot(unittest.TestCase):
    """Where it loads the image: one word of its environment, of as many characters."""

    def test_another_address(self):
        text = b"a\0kernel_addr_r=0x40400000\0b"
        self.assertEqual(starts._load_at(text, 0x42080000), b"a\0kernel_addr_r=0x42080000\0b")
        for text, at in ((text, 0x2080000), (b"a\0b", 0x42080000)):
            with self.assertRaises(starts.Trouble):
                starts._load_at(text, at)


@unittest.skipUnless(standin.compiler() is not None and shutil.which("dtc") and shutil.which(QEMU),
                     "no cross compiler, no dtc or no QEMU")
class Wrapper(EndingsCase):
    def wrap(self, board, edits=(), machine="xlnx-versal-virt"):
        with open(self.path("inner"), "wb") as file:
            file.write(image())
        command = [QEMU, "-M", machine, "-kernel", self.path("inner"), "-append", "a=1 b", "-nic", "none",
                   "-smp", "4" if machine == "xlnx-versal-virt" else "1"]
        return standin.wrap(command, board, edits, starts.new_folder(self.path("new")))

    def wrapped(self, *args, **named):
        command = self.wrap(*args, **named)
        self.assertNotIn("-append", command)
        with open(command[command.index("-kernel") + 1], "rb") as file:
            return file.read()

    def test_what_it_holds(self):
        board = standin.StandIn(f"tests/boards/{MAP}", 0x2000000, [(0x1234567890, 0xABCD)])
        blob = self.wrapped(board, [["-t", "s", "TREE", "/", "model", "edited"]])
        offset, size, flags = struct.unpack_from("<QQQ", blob, 8)
        self.assertEqual((offset, size, flags), (0x1F00000, 0x100000 + 0x300000 + 0x200000, 0xA))
        self.assertEqual(blob[MAGIC_AT:MAGIC_AT + 4], b"ARM\x64")
        self.assertEqual(blob[standin.BEFORE:], image())
        self.assertIn(struct.pack("<QQ", 0x1234567890, 0xABCD), blob)
        at = blob.index(b"\xd0\x0d\xfe\xed")
        self.assertEqual(at % 8, 0)
        with open(self.path("tree"), "wb") as file:
            file.write(blob[at:standin.BEFORE])
        self.assertEqual(self.said("/chosen", "bootargs"), "a=1 b")
        self.assertEqual(self.said("/", "model"), "edited")

    def test_a_damaged_tree(self):
        sound, spoilt = (self.wrapped(standin.StandIn(f"tests/boards/{MAP}", spoilt=at)) for at in (-1, 0x38))
        at = sound.index(b"\xd0\x0d\xfe\xed") + 0x38
        self.assertEqual(spoilt, sound[:at] + b"\xff" * 4 + sound[at + 4:])

    def said(self, node, name):
        return subprocess.run(["fdtget", self.path("tree"), node, name], check=True, text=True,
                              stdout=subprocess.PIPE).stdout.strip()

    def test_the_machine_s_own_tree(self):
        blob = self.wrapped(standin.StandIn(), machine="virt")
        self.assertEqual(struct.unpack_from("<Q", blob, 8), (0x100000,))
        self.assertIn(b"linux,dummy-virt\0", blob)
        self.assertIn(b"a=1 b\0", blob)

    def test_where_it_cannot_be(self):
        for at, machine in ((0x100000, "xlnx-versal-virt"), (0x2000000, "virt")):
            with self.assertRaises(starts.Trouble) as raised:
                self.wrap(standin.StandIn(at=at), machine=machine)
            self.assertIn(f"at {at:#x}: QEMU loads nothing there", str(raised.exception))

    def test_no_image(self):
        with open(self.path("short"), "wb") as file:
            file.write(b"short")
        with self.assertRaises(starts.Trouble):
            standin.image_size(self.path("short"))

    def run_program(self, at, stores=(), size=0x2f0004, text_offset=0):
        """QEMU's exit status: PROGRAM's."""
        source, linked, inner = (self.path(name) for name in ("p.S", "p.o", "inner"))
        with open(source, "w", encoding="utf-8") as file:
            file.write(PROGRAM)
        prefix = standin.compiler()
        subprocess.run([f"{prefix}gcc", "-c", f"-DSIZE={size:#x}", f"-DOFFSET={text_offset:#x}",
                        "-o", linked, source], check=True)
        subprocess.run([f"{prefix}objcopy", "-O", "binary", linked, inner], check=True)
        command = [QEMU, "-M", "xlnx-versal-virt", "-m", "1G", "-smp", "4", "-display", "none",
                   "-nodefaults", "-nic", "none", "-kernel", inner,
                   "-semihosting-config", "enable=on,target=native"]
        board = standin.StandIn(f"tests/boards/{MAP}", at, list(stores))
        command = standin.wrap(command, board, [], starts.new_folder(self.path("new")))
        return subprocess.run(command, check=False, timeout=20, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode

    def test_it_enters_the_image_where_booti_would(self):
        for at, text_offset, there in ((0x2000000, 0, 0x2000000), (0x2080000, 0, 0x2200000),
                                       (0x21F0000, 0, 0x2200000),
                                       (0x2080000, 0x80000, 0x2080000),
                                       (0x2000000, 0x80000, 0x2080000)):
            with self.subTest(f"{at:#x}, {text_offset:#x}"):
                self.assertEqual(self.run_program(at, text_offset=text_offset), there >> 19)

    def test_it_stores_before(self):
        stores = [(WORD_AT, 9), (WORD_AT + 4, 100), (WORD_AT, 7)]
        self.assertEqual(self.run_program(0x2000000, stores), (0x2000000 >> 19) + 7)


if __name__ == "__main__":
    tap.main()
