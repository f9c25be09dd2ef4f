# SPDX-License-Identifier: MIT
"""Other ways into the image than QEMU's -kernel: firmware, a boot loader, an edited device tree.

Each takes a command line of qemu.sh --dry-run and gives one; files go to `folder`.
"""

import os
import re
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
    edit_tree(tree, edits)
    return [*command, "-dtb", tree]


def edit_tree(tree, edits):
    for edit in edits:
        call("fdtput", *[tree if word == "TREE" else word for word in edit])


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


# Where the tree of in_flash() and stale_el2() is: QEMU completes none that is not in RAM.
TREE_AT = 0x1000

# What a boot loader may leave behind, and worse; (op1, CRn, CRm, op2) of each register, DDI 0487:
# traps of all kinds, a stage 2 that is on, EL1's MMU on with tables that are none, timers
# that go off. Host mode (HCR_EL2.E2H) comes last, as it changes what the others are called.
STALE = (
    ((0, 2, 0, 0), 0xDEAD0000),          # TTBR0_EL1
    ((0, 2, 0, 1), 0xDEAD1000),          # TTBR1_EL1
    ((0, 2, 0, 2), 0x80823518),          # TCR_EL1
    ((0, 1, 0, 0), 0x30D8199F),          # SCTLR_EL1: M, A, C, I, WXN
    ((0, 1, 0, 2), 0),                   # CPACR_EL1: FP and SIMD trap
    ((0, 13, 0, 1), 0xFFFF),             # CONTEXTIDR_EL1
    ((3, 14, 3, 1), 1),                  # CNTV_CTL_EL0: on, long due
    ((3, 14, 2, 1), 1),                  # CNTP_CTL_EL0
    ((4, 14, 2, 1), 1),                  # CNTHP_CTL_EL2
    ((4, 14, 0, 3), 0x123456789ABC),     # CNTVOFF_EL2
    ((4, 14, 1, 0), 0),                  # CNTHCTL_EL2: EL1's timers trap
    ((4, 0, 0, 0), 0),                   # VPIDR_EL2
    ((4, 0, 0, 5), 0xDEAD),              # VMPIDR_EL2
    ((4, 2, 1, 0), 0x1234DEAD0000),      # VTTBR_EL2
    ((4, 2, 0, 2), 0x80823518),          # TCR_EL2, as U-Boot leaves it
    ((4, 1, 0, 0), 0x30C5083A),          # SCTLR_EL2: alignment checks
    ((4, 1, 1, 1), 0xFE1),               # MDCR_EL2: PMU and debug trap, one counter is EL1's
    ((4, 1, 1, 2), 0x800037FF),          # CPTR_EL2: TCPAC, TFP
    ((4, 1, 1, 3), 0xFFFF),              # HSTR_EL2
    ((4, 12, 11, 0), 1),                 # ICH_HCR_EL2: virtual interrupts
    ((4, 1, 1, 0), 0x4CE086039),         # HCR_EL2: E2H, TGE, TVM, TRVM, TTLB, TSC, TWI, IMO, AMO, FMO, VM
)


# Then EL2's MMU and caches on, in host mode: 4 GiB in blocks of 1 GiB where they are, executable for
# EL2 alone, which is what host mode's tables say and no other's (UXN is XN without E2H).
TABLE_AT = 0xF80
TABLE = struct.pack("<4Q", *(gib << 30 | 1 << 54 | 1 << 10 | 3 << 8 | 1 for gib in range(4)))
HOST_MMU = (
    ((4, 10, 2, 0), 0xFF),               # MAIR_EL2: attribute 0 is Normal, write-back
    ((4, 2, 0, 0), TABLE_AT),            # TTBR0_EL2
    ((4, 2, 0, 2), 0x200903520),         # TCR_EL2: 32 bits below, EPD1; IPS
    ((4, 1, 0, 0), 0x30C5183D),          # SCTLR_EL2: M, C, I
)


def _mov(register, value):
    """movz, and movk for each other half-word that is not 0 (DDI 0487, C6.2)."""
    code = [0xD2800000 | (value & 0xFFFF) << 5 | register]
    for half in (1, 2, 3):
        part = value >> 16 * half & 0xFFFF
        code += [0xF2800000 | half << 21 | part << 5 | register] * bool(part)
    return code


def _set_code(registers):
    code = []
    for (op1, crn, crm, op2), value in registers:
        code += _mov(2, value)
        code += [0xD5180002 | op1 << 16 | crn << 12 | crm << 8 | op2 << 5]  # msr, of x2
    return code + [0xD5033FDF]  # isb


def in_flash(command, folder, code=(), table=b""):
    """at_reset(), with the tree in the flash beside it: exactly as it was edited."""
    command, image = take(take(command, "-append")[0], "-kernel")
    command, tree = take(command, "-dtb")
    flash = os.path.join(folder, "flash.bin")
    code = [*code, *_mov(0, TREE_AT), *_mov(1, IMAGE_AT), 0xD61F0020]  # br x1
    with open(tree, "rb") as file:
        blob = file.read()
    with open(flash, "wb") as file:
        file.write(struct.pack(f"<{len(code)}I", *code).ljust(TABLE_AT, b"\0"))
        file.write(table.ljust(TREE_AT - TABLE_AT, b"\0") + blob)
    return [*command, "-bios", flash,
            "-device", f"loader,file={image},addr={IMAGE_AT:#x},force-raw=on"]


def stale_el2(command, folder):
    """in_flash(), with every register that matters set to what it should not be. For --el2."""
    return in_flash(command, folder, _set_code(STALE))


def host_el2(command, folder):
    """stale_el2(), and EL2's MMU and caches are on."""
    code = [*_set_code(STALE), *_set_code(HOST_MMU[:-1]), *_set_code(HOST_MMU[-1:])]
    return in_flash(command, folder, code, TABLE)


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


def from_uboot(command, folder, at=0):
    """U-Boot finds extlinux.conf and the image on a disk, as on a board's SD card.

    at: where it loads the image, which its booti may move; 0: as it is used to.
    """
    command, image = take(command, "-kernel")
    command, words = take(command, "-append")
    disk = os.path.join(folder, "disk.img")
    _write_disk(disk, image, words, folder)
    return [*command, "-bios", _impatient_uboot(folder, at),
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


def _impatient_uboot(folder, at=0):
    """A copy that does not wait for a key: two seconds of virtual time are 2e9 instructions.

    Only its default environment differs. One that says it otherwise boots as it is, and waits.
    """
    copy = os.path.join(folder, "u-boot.bin")
    try:
        with open(UBOOT, "rb") as file:
            text = file.read()
    except OSError as error:
        raise Trouble(f"{UBOOT}: {error.strerror}") from error
    text = text.replace(b"\0bootdelay=2\0", b"\0bootdelay=0\0")
    if at:
        text = _load_at(text, at)
    with open(copy, "wb") as file:
        file.write(text)
    return copy


def impatient(command, folder):
    """The command line, with a U-Boot in it that does not wait for a key; a copy in `folder`."""
    return [_impatient_uboot(folder) if word == UBOOT else word for word in command]


def _load_at(text, at):
    """With another kernel_addr_r, of as many characters: nothing else moves."""
    was = re.search(rb"\0kernel_addr_r=(0x[0-9a-f]+)\0", text)
    new = f"{at:#x}".encode()
    if not was or len(was.group(1)) != len(new):
        raise Trouble(f"{UBOOT}: its kernel_addr_r cannot become {at:#x}")
    return text[: was.start(1)] + new + text[was.end(1) :]


STARTS = {"kernel": lambda command, folder: command, "reset": at_reset, "uboot": from_uboot,
          "flash": in_flash, "stale": stale_el2, "host": host_el2, "el3": from_el3}


def new_folder(folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    return folder


def prepare(command, start, edits, folder, at=0):
    """The command line for that way in; its files in a `folder` that is made anew."""
    new_folder(folder)
    if edits or start in ("flash", "stale", "host"):
        command = with_tree(command, edits, folder)
    if at:
        return from_uboot(command, folder, at)
    return STARTS[start](command, folder)
