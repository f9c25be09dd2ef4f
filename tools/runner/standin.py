# SPDX-License-Identifier: MIT
"""Machines of QEMU's that stand in for a board: the image comes in a wrapper (wrap.S) with a tree
that QEMU has not seen, at an address of the test's own, and with registers written before.
"""

import os
import shlex
import shutil
import struct
from dataclasses import dataclass, field

from . import starts

BEFORE = 1 << 20  # bytes of the wrapper before the image, so that 2 MiB is a place for it
WRAPPER = "tools/runner/wrap.S"  # from the top of the tree
LOWEST = 0x1000  # below it, QEMU takes a text_offset for 2 MiB


@dataclass
class StandIn:
    """What the wrapper is made of."""

    tree: str = ""  # source of the tree; "": the machine's own
    at: int = 0  # where the image is loaded; 0: 2 MiB above the start of RAM
    stores: list = field(default_factory=list)  # (address, value of 32 bits)
    spoilt: int = -1  # offset in the tree of 4 bytes that are damaged; -1: none


def ram_of(command):
    """Where -kernel counts from; 0 on all that stand in, but `virt`."""
    machine = starts.take(command, "-M")[1].partition(",")[0]
    return starts.RAM if machine.startswith("virt") else 0


def text_offset(command, at):
    """The wrapper's own, for an image at `at`. Raises starts.Trouble."""
    ram = ram_of(command)
    offset = (at or ram + (2 << 20)) - BEFORE - ram
    if offset < LOWEST:
        raise starts.Trouble(f"at {at:#x}: QEMU loads nothing there on this machine")
    return offset


def compiler():
    """The GNU tools' prefix, as the Makefile finds it; None: there are none."""
    given = os.environ.get("CROSS_COMPILE")
    own = [""] * (os.uname().machine == "aarch64")
    prefixes = [given] if given else ["aarch64-none-elf-", "aarch64-linux-gnu-", *own]
    return next((p for p in prefixes if shutil.which(f"{p}gcc")), None)


def image_size(image):
    """Bytes that it needs in memory, as its header says."""
    with open(image, "rb") as file:
        header = file.read(24)
    if len(header) < 24:
        raise starts.Trouble(f"{image}: no header of an Image")
    return struct.unpack_from("<Q", header, 16)[0]


def write_tree(command, board, edits, folder):
    """(the command without -append, the blob with those words and edits in it)"""
    tree = os.path.join(folder, "wrapped.dtb")
    compile_tree = ("dtc", "-q", "-O", "dtb", "-p", "4096", "-o", tree)
    if not board.tree:
        command, own = starts.take(starts.with_tree(command, (), folder), "-dtb")
        starts.call(*compile_tree, "-I", "dtb", own)  # without the room that QEMU leaves
        command = starts.take(command, "-append")[0]
    else:
        command, words = starts.take(command, "-append")
        starts.call(*compile_tree, "-I", "dts", board.tree)
        starts.call("fdtput", "-t", "s", tree, "/chosen", "bootargs", words)
    starts.edit_tree(tree, edits)
    if board.spoilt >= 0:
        with open(tree, "r+b") as file:
            file.seek(board.spoilt)
            file.write(b"\xff" * 4)
    return command, tree


def wrap(command, board, edits, folder):
    """The command line that boots the wrapper in place of the image. Files go to `folder`."""
    prefix = compiler()
    if prefix is None:
        raise starts.Trouble("no cross compiler for the wrapper")
    offset = text_offset(command, board.at)
    command, tree = write_tree(command, board, edits, folder)
    command, image = starts.take(command, "-kernel")
    stores, linked, wrapped = (os.path.join(folder, name)
                               for name in ("stores.bin", "wrap.o", "Image"))
    with open(stores, "wb") as file:
        file.write(b"".join(struct.pack("<QQ", *pair) for pair in board.stores))
    names = {"TREE": tree, "IMAGE": image, "STORES": stores}
    words = [f'-D{key}="{os.path.abspath(name)}"' for key, name in names.items()]
    words += [f"-DBEFORE={BEFORE:#x}", f"-DTEXT_OFFSET={offset:#x}",
              f"-DIMAGE_SIZE={image_size(image):#x}"]
    starts.call(f"{prefix}gcc", "-c", *words, "-o", linked, WRAPPER)
    starts.call(f"{prefix}objcopy", "-O", "binary", linked, wrapped)
    return [*command, "-kernel", wrapped]


def parse_at(value):
    """An address, above 0. Raises ValueError."""
    at = int(value, 16)
    if at <= 0:
        raise ValueError(f"'{value}' is no address")
    return at


def parse_offset(value):
    """In bytes, below the wrapper's room. Raises ValueError."""
    offset = int(value, 16)
    if not 0 <= offset < BEFORE:
        raise ValueError(f"'{value}' is no offset")
    return offset


def parse_store(value):
    """`ADDRESS VALUE`, in hexadecimal. Raises ValueError."""
    address, number = (int(word, 16) for word in shlex.split(value))
    if not 0 <= address < 1 << 64 or not 0 <= number < 1 << 32:
        raise ValueError(f"'{value}' is no address and 32 bits")
    return address, number
