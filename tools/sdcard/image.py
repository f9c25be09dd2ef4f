# SPDX-License-Identifier: MIT
"""Writes the image of a card, what `make sdcard` is for: a GPT image for dd, by genimage.

U-Boot's bytes at sector 64, where the boot ROM of Rockchip's SoCs looks; a FAT partition
from 16 MiB with extlinux/extlinux.conf, both kernels and the device trees. The same files
give the same bytes: each identifier and time is fixed. Exit status 0, or 1 after one line.
"""

import argparse
import contextlib
import glob
import os
import re
import shutil
import stat
import sys
import tempfile

from runner import process

MENU = os.path.join(os.path.dirname(os.path.abspath(__file__)), "extlinux.conf")
KERNELS = ("Image", "Image.check")
UBOOT_AT = 32 << 10  # sector 64; the GPT ends before
BOOT_AT = 16 << 20
BOOT_BYTES = 64 << 20
# For FAT's own tables, directories and half-filled clusters.
BOOT_ROOM = BOOT_BYTES - (4 << 20)
# What RK3588's boot ROM takes: plain, signed.
BOOT_ROM_MAGIC = (b"RKNS", b"RKSS")
# U-Boot itself, behind the code that starts the DRAM and loads it from 8 MiB of the card: a FIT.
FIT_AT, FIT_MAGIC = (8 << 20) - UBOOT_AT, b"\xd0\x0d\xfe\xed"
EPOCH = "1767225600"  # 2026-01-01, where the caller names no SOURCE_DATE_EPOCH
FAT_TIMES = range(315532800, 4354819200)  # 1980 to 2107
LIMIT_S = 300
PLAIN = re.compile(r"[A-Za-z0-9._+-]+")  # a file's name that genimage's file takes as it is
PLAIN_PATH = re.compile(r"[\w./+-]+")

# temporary: with the rest of the scratch folder. -i: the serial of FAT, "TLBD".
CONFIG = """\
image boot.vfat {{
	temporary = true
	size = {boot_bytes}
	vfat {{
		label = "TLBED"
		extraargs = "--invariant -F 32 -i 544c4244"
{files}
	}}
}}
image {name} {{
	hdimage {{
		partition-table-type = "gpt"
		disk-uuid = "746c6265-642d-4364-8172-6474626c6564"
	}}
{uboot}
	partition boot {{
		partition-type-uuid = "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"
		partition-uuid = "746c6265-642d-426f-8f74-70617274746e"
		offset = {boot_at}
		bootable = true
		image = "boot.vfat"
	}}
}}
"""
UBOOT_PARTITION = """\
	partition u-boot {{
		in-partition-table = false
		offset = {uboot_at}
		image = "u-boot.bin"
	}}"""


class Refusal(Exception):
    """Why there is no card image, in one line."""


def say(text):
    with contextlib.suppress(OSError, ValueError):  # nobody reads any more
        print(f"tlbed: {text}", file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--kernels", required=True, help="the folder of the kernels")
    parser.add_argument("--image", required=True, help="what is written")
    parser.add_argument("--uboot", default="", help="u-boot-rockchip.bin of the board")
    parser.add_argument("--dtbs", default="", help="folder with rockchip/*.dtb")
    return parser.parse_args()


# --- what goes on the card --------------------------------------------------------------------


def copy_uboot(source, folder):
    """A copy in folder. Returns what is said of it."""
    if not source:
        return "no UBOOT: this card is for boards that have U-Boot in their SPI flash"
    what, target = f"UBOOT={source}", os.path.join(folder, "u-boot.bin")
    if not stat.S_ISREG(_stat(source, what).st_mode):
        raise Refusal(f"{what} is not a file")
    size, most = os.path.getsize(source), BOOT_AT - UBOOT_AT
    if not size:
        raise Refusal(f"{what} is empty")
    if size > most:
        raise Refusal(f"{what} has {size:,} bytes: {most:,} at most fit from sector 64 to 16 MiB")
    shutil.copyfile(source, target)
    if doubt := doubt_uboot(target):
        say(f"{what} {doubt}")
    return f"U-Boot at sector 64: {source}, {size:,} bytes"


def doubt_uboot(path):
    """Why it may be another file than u-boot-rockchip.bin, "" if nothing says so."""
    with open(path, "rb") as file:
        if file.read(4) not in BOOT_ROM_MAGIC:
            return "does not begin with RKNS: the boot ROM of an RK3588 will pass over it"
        file.seek(FIT_AT)
        if file.read(4) != FIT_MAGIC:
            return ("has no U-Boot for sector 16384, only what loads it from there: is it "
                    "idbloader.img, or one for SPI flash?")
    return ""


def copy_trees(source, folder):
    """Copies in folder/dtb/rockchip. Returns what is said of them."""
    if not source:
        return "no DTBS: this card is for a U-Boot that passes a tree of its own, as mainline's do"
    what = f"DTBS={source}"
    if not stat.S_ISDIR(_stat(source, what).st_mode):
        raise Refusal(f"{what} is not a folder")
    trees = sorted(glob.glob(os.path.join(glob.escape(source), "rockchip", "*.dtb")))
    if not trees:
        raise Refusal(f"{what} has no rockchip/*.dtb")
    target = os.path.join(folder, "dtb", "rockchip")
    os.makedirs(target)
    for tree in trees:
        if not PLAIN.fullmatch(os.path.basename(tree)):
            raise Refusal(f"{what}: what is {os.path.basename(tree)!r}?")
        shutil.copyfile(tree, os.path.join(target, os.path.basename(tree)))
    return f"device trees: {len(trees)} of {source}/rockchip"


def _stat(path, what):
    try:
        return os.stat(path)
    except OSError as error:
        raise Refusal(f"{what}: {error.strerror}") from error


def fill(folder, options):
    """What the card holds, laid out in folder. Returns the sentences about it."""
    said = [copy_uboot(options.uboot, folder), copy_trees(options.dtbs, folder)]
    os.makedirs(os.path.join(folder, "extlinux"))
    shutil.copyfile(MENU, os.path.join(folder, "extlinux", "extlinux.conf"))
    for kernel in KERNELS:
        shutil.copyfile(os.path.join(options.kernels, kernel), os.path.join(folder, kernel))
    return said


def boot_files(folder):
    """The names of what the FAT partition holds, in a fixed order. Refuses what does not fit."""
    names = ["extlinux/extlinux.conf", *KERNELS]
    names += sorted(glob.glob("dtb/rockchip/*.dtb", root_dir=folder))
    size = sum(os.path.getsize(os.path.join(folder, name)) for name in names)
    if size > BOOT_ROOM:
        raise Refusal(f"kernels and device trees have {size:,} bytes: {BOOT_ROOM:,} at most fit")
    return names


# --- the image --------------------------------------------------------------------------------


def config(names, uboot, output):
    files = "\n".join(f'\t\tfile "{name}" {{ image = "{name}" }}' for name in names)
    part = UBOOT_PARTITION.format(uboot_at=UBOOT_AT) if uboot else ""
    return CONFIG.format(boot_bytes=BOOT_BYTES, boot_at=BOOT_AT, files=files, uboot=part,
                         name=output)


def epoch():
    """The time of all files, as SOURCE_DATE_EPOCH has it. Refuses what FAT cannot hold."""
    text = os.environ.get("SOURCE_DATE_EPOCH") or EPOCH
    if not re.fullmatch("[0-9]{1,10}", text) or int(text) not in FAT_TIMES:
        raise Refusal(f"SOURCE_DATE_EPOCH={text!r}: seconds from {FAT_TIMES.start} (1980) to "
                      f"{FAT_TIMES.stop - 1} (2107) are times of FAT")
    return text


def run_genimage(folder, output):
    """Writes folder/out/output of what lies in folder, by the configuration there."""
    # Nothing else of the caller's: mtools and genimage take options from there.
    environment = {"LC_ALL": "C", "TZ": "UTC", "SOURCE_DATE_EPOCH": epoch(), "HOME": folder,
                   "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}  # mkdosfs
    command = ["genimage", "--config", "genimage.cfg", "--rootpath", "root", "--tmppath", "tmp",
               "--inputpath", folder, "--outputpath", "out"]
    try:
        status, said, timed_out = process.run(command, LIMIT_S, cwd=folder, env=environment)
    except OSError as error:
        raise Refusal(f"genimage: {error.strerror}") from error
    if status or timed_out or not os.path.getsize(os.path.join(folder, "out", output)):
        how = f"status {status}" if status >= 0 else f"ended by signal {-status}"
        raise Refusal("; ".join(filter(None, [f"genimage: {how}", *complaints(said)])))


def complaints(said):
    """What genimage and its programs said, less the commands that it ran."""
    lines = [line.strip() for line in said.splitlines()]
    return [line for line in lines if line and not line.startswith(("INFO:", "DEBUG:"))]


def make(options):
    """Writes the image; one that is there stays as it is until the new one is whole.

    Returns the sentences about it.
    """
    folder_of_image, name = os.path.split(os.path.abspath(options.image))
    half = f"{name}.new"
    if not PLAIN.fullmatch(name):
        raise Refusal(f"SDCARD={options.image}: genimage takes no name like {name!r}")
    # genimage hands names to a shell: this folder's has no blanks, whatever the tree's has.
    with contextlib.ExitStack() as undo:
        folder = undo.enter_context(tempfile.TemporaryDirectory(prefix="tlbed-sdcard."))
        if not PLAIN_PATH.fullmatch(folder):
            raise Refusal(f"TMPDIR={tempfile.gettempdir()}: genimage takes no blanks")
        said = fill(folder, options)
        os.symlink(folder_of_image, os.path.join(folder, "out"))
        os.mkdir(os.path.join(folder, "root"))
        uboot = os.path.exists(os.path.join(folder, "u-boot.bin"))
        with open(os.path.join(folder, "genimage.cfg"), "w", encoding="ascii") as file:
            file.write(config(boot_files(folder), uboot, half))
        path = os.path.join(folder_of_image, half)
        undo.callback(lambda: os.path.exists(path) and os.remove(path))
        open(path, "wb").close()  # says in our words what cannot be written
        run_genimage(folder, half)
        os.replace(path, options.image)
    return [*said, f"{options.image}, {os.path.getsize(options.image) >> 20} MiB, is whole: "
            "`make flash DEV=/dev/sdX` or dd writes it"]


def main():
    process.install_signal_handlers()
    options = arguments()
    try:
        for sentence in make(options):
            say(sentence)
    except Refusal as refusal:
        say(f"no card image: {refusal}")
        return 1
    except OSError as error:
        # Of a copy the second name is the one that is written.
        name = error.filename2 or error.filename or tempfile.gettempdir()
        say(f"no card image: {name}: {error.strerror}")
        return 1
    except process.Interrupted as interrupt:
        process.kill_all()
        say("no card image: interrupted")
        return interrupt.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main())
