# SPDX-License-Identifier: MIT
"""Other ways into the image than QEMU's -kernel: firmware, a boot loader, an edited device tree.

Each takes a command line of qemu.sh --dry-run and gives one; files go to `folder`.
"""

import os
import shutil
import struct

from . import process

UBOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin"  # Debian's u-boot-qemu
DISK_SECTORS = 64 << 11  # of 512 bytes: room for any image
TOOL_LIMIT_S = 60
RAM = 0x40000000  # of `virt`, which puts the tree of a firmware boot at its start
IMAGE_AT = RAM + (2 << 20)


class Trouble(Exception):
    """Why a boot cannot be prepared, in one line."""


def call(*command):
    """Runs a program of the host."""
    try:
        status, output, timed_out = process.run(list(command), TOOL_LIMIT_S)
    except OSError as error:
        raise Trouble(f"{command[0]}: {error.strerror or error}") from error
    if status or timed_out:
        raise Trouble(f"{' '.join(command)}: status {status}: {' '.join(output.split())}")


def take(command, flag):
    """(the command without that flag and its value, the value or "")"""
    if flag not in command:
        return list(command), ""
    at = command.index(flag)
    return command[:at] + command[at + 2 :], command[at + 1]


def with_tree(command, edits, folder):
    """The machine's own tree, changed. edits: arguments of fdtput, where TREE is the file."""
    tree = os.path.join(folder, "tree.dtb")
    call(*command, "-M", f"dumpdtb={tree}")
    for edit in edits:
        call("fdtput", *[tree if word == "TREE" else word for word in edit])
    return [*command, "-dtb", tree]


def at_reset(command, folder):
    """No firmware: three instructions in the flash jump to the image, with x0 = the tree.

    Whatever level the CPU resets to, the image starts at.
    """
    command, image = take(take(command, "-append")[0], "-kernel")
    flash = os.path.join(folder, "reset.bin")
    movz = 0xD2A00000  # movz xN, #imm16, lsl #16: DDI 0487, C6.2
    with open(flash, "wb") as file:
        file.write(struct.pack("<3I", movz | (RAM >> 16) << 5, movz | (IMAGE_AT >> 16) << 5 | 1,
                               0xD61F0020))  # br x1
    return [*command, "-bios", flash,
            "-device", f"loader,file={image},addr={IMAGE_AT:#x},force-raw=on"]


EL3 = "tests/runner/el3.S"
EL3_TREE_AT = RAM + (128 << 20)


def from_el3(command, folder):
    """Firmware of our own at EL3 starts the image. For --el2, with an edited tree, secure=on."""
    command, image = take(command, "-kernel")
    command, words = take(command, "-append")
    command, tree = take(command, "-dtb")
    code = os.path.join(folder, "el3")
    call("clang", "--target=aarch64-none-elf", "-c", EL3, "-o", f"{code}.o")
    call("ld.lld", "-Ttext", "0", f"{code}.o", "-o", f"{code}.elf")
    call("llvm-objcopy", "-O", "binary", f"{code}.elf", f"{code}.bin")
    call("fdtput", "-t", "s", tree, "/chosen", "bootargs", words)
    return [*command, "-bios", f"{code}.bin",
            "-device", f"loader,file={image},addr={IMAGE_AT:#x},force-raw=on",
            "-device", f"loader,file={tree},addr={EL3_TREE_AT:#x},force-raw=on"]


def from_uboot(command, folder):
    """U-Boot finds extlinux.conf and the image on a disk, as on a board's SD card."""
    command, image = take(command, "-kernel")
    command, words = take(command, "-append")
    disk = os.path.join(folder, "disk.img")
    _write_disk(disk, image, words, folder)
    return [*command, "-bios", _impatient_uboot(folder),
            "-drive", f"if=none,id=disk,format=raw,readonly=on,file={disk}",
            "-device", "virtio-blk-device,drive=disk"]


def _write_disk(disk, image, words, folder):
    """One FAT file system, no partitions: U-Boot takes the disk for its first partition."""
    conf = os.path.join(folder, "extlinux.conf")
    with open(conf, "w", encoding="utf-8") as file:
        file.write("default tlbed\nlabel tlbed\n\tkernel /Image\n")
        file.write(f"\tappend {words}\n" if words else "")
    if os.path.exists(disk):
        os.remove(disk)
    call("mformat", "-C", "-i", disk, "-T", str(DISK_SECTORS), "-N", "0", "::")
    call("mmd", "-i", disk, "::/extlinux")
    call("mcopy", "-i", disk, conf, "::/extlinux/extlinux.conf")
    call("mcopy", "-i", disk, image, "::/Image")


def _impatient_uboot(folder):
    """A copy that does not wait for a key: two seconds of virtual time are 2e9 instructions.

    Only its default environment differs. One that says it otherwise boots as it is, and waits.
    """
    copy = os.path.join(folder, "u-boot.bin")
    try:
        with open(UBOOT, "rb") as file:
            text = file.read()
    except OSError as error:
        raise Trouble(f"{UBOOT}: {error.strerror}") from error
    with open(copy, "wb") as file:
        file.write(text.replace(b"\0bootdelay=2\0", b"\0bootdelay=0\0"))
    return copy


STARTS = {"kernel": lambda command, folder: command, "reset": at_reset, "uboot": from_uboot,
          "el3": from_el3}


def prepare(command, start, edits, folder):
    """The command line for that way in; its files in a `folder` that is made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    if edits:
        command = with_tree(command, edits, folder)
    return STARTS[start](command, folder)
