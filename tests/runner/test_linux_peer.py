# SPDX-License-Identifier: MIT
"""tools/linux-peer/run.py, with programs that play the compiler, the kernel's build and QEMU: no
kernel is here to be measured. That it measures one was tried by hand (tools/linux-peer/README.md).
"""

import json
import os
import shutil
import subprocess
import sys
import unittest

import tap

RUN = os.path.join(tap.TOP, "tools", "linux-peer", "run.py")
# A build tree whose `modules` leaves what was asked of it where a module would be.
KDIR = """modules:
	echo "$(ARCH) $(CROSS_COMPILE) $(KBUILD_OUTPUT)" >$(M)/peer.ko
"""
LINES = [
    "[    0.900000] peer: kernel 7.2.13, pages of 4096, 1 CPUs",
    "[    1.000000] peer: ioremap/1M instructions=5000 min=5000 max=5001 first=9000 cycles=5003",
    "[    1.100000] peer: iounmap/1M instructions=6000 min=6000 max=6000 first=6000 cycles=6000",
    "[    1.200000] peer: iounmap/1M+flush instructions=1500 min=1 max=1 first=1 cycles=1500",
    "[    1.300000] peer: vmap/4K missing: vmap failed",
    "[    1.400000] peer: done",
    "tlbed: exit status 0",
]
OURS = {"benchmarks": [{"name": f"{bench}/{rung}", "instructions": count}
                       for bench, rung, count in (("ioremap/1M", "tlbed", 500),
                                                  ("ioremap/1M", "series", 2000),
                                                  ("iounmap/1M", "tlbed", 1000),
                                                  ("vunmap/4K", "tlbed", 100))]}


@unittest.skipUnless(shutil.which("make"), "make is not installed")
class Peer(tap.ScratchCase):
    def setUp(self):
        # make's folders have no space in their names.
        super().setUp()
        self.folder = self.folder.replace(" ", "-")
        os.mkdir(self.folder)
        self.addCleanup(shutil.rmtree, self.folder)
        self.program("fake-gcc", '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\necho init >"$2"\n')
        self.program("fake-strip", "#!/bin/sh\n")
        os.mkdir(self.path("kdir"))
        self.write("kdir/Makefile", KDIR)
        self.write("kernel", "")
        self.write("results.json", json.dumps(OURS))

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def peer(self, *options, lines=LINES):
        self.write("console", "\n".join(lines) + "\n")
        qemu = self.program("qemu", f"#!/bin/sh\necho \"$*\" >{self.folder}/asked\n"
                                    f"cat {self.folder}/console\n")
        done = subprocess.run(
            [sys.executable, RUN, "--kernel", self.path("kernel"), "--kdir", self.path("kdir"),
             "--out", self.path("out"), "--qemu", qemu, "--silence", "5", *options],
            env={**os.environ, "CROSS_COMPILE": self.path("fake-")}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60, check=False)
        self.out, self.err = done.stdout, done.stderr
        return done.returncode

    def cells(self):
        return [line.split() for line in self.out.splitlines()]

    def test_table(self):
        self.assertEqual(self.peer(), 0, self.err)
        self.assertEqual(self.cells(), [
            ["bench", "Linux", "its", "flush", "sum"], ["ioremap/1M", "5,000", "5,000"],
            ["iounmap/1M", "6,000", "1,500", "7,500"],
            ["vmap/4K", "missing:", "vmap", "failed"]])

    def test_ratios_are_of_the_sum_and_of_the_rung(self):
        self.assertEqual(self.peer("--compare", self.path("results.json")), 0, self.err)
        self.assertEqual(self.cells()[1:3], [
            ["ioremap/1M", "5,000", "5,000", "500", "10.00x"],
            ["iounmap/1M", "6,000", "1,500", "7,500", "1,000", "7.50x"]])
        self.assertEqual(self.cells()[-1], ["vunmap/4K", "not", "measured", "here"])
        self.assertEqual(
            self.peer("--compare", self.path("results.json"), "--rung", "series"), 0, self.err)
        self.assertEqual(self.cells()[1][-2:], ["2,000", "2.50x"])

    def test_the_archive_holds_init_and_module(self):
        self.assertEqual(self.peer(), 0, self.err)
        with open(self.path("out/initramfs.cpio"), "rb") as file:
            data, names = file.read(), {}
        while data:
            self.assertEqual(data[:6], b"070701")
            size, length = int(data[54:62], 16), int(data[94:102], 16)
            start = (110 + length + 3) & ~3
            names[data[110 : 110 + length - 1].decode()] = data[start : start + size]
            data = data[(start + size + 3) & ~3 :]
        self.assertEqual(list(names), ["dev", "dev/console", "init", "peer.ko", "TRAILER!!!"])
        self.assertEqual(names["init"], b"init\n")
        self.assertEqual(names["peer.ko"].split()[:2], [b"arm64", self.path("fake-").encode()])

    def test_debians_sources_lie_beside_its_configuration(self):
        os.mkdir(self.path("linux-headers-9-common"))
        os.rename(self.path("kdir/Makefile"), self.path("linux-headers-9-common/Makefile"))
        self.write("kdir/Makefile", "KBUILD_OUTPUT=/usr/src/linux-headers-9-arm64\n"
                                    "include /usr/src/linux-headers-9-common/Makefile\n")
        self.assertEqual(self.peer(), 0, self.err)
        with open(self.path("out/module/peer.ko"), encoding="utf-8") as file:
            self.assertEqual(file.read().split()[2], self.path("kdir"))

    def test_counters_that_disagree(self):
        lines = [line.replace("cycles=5003", "cycles=5100") for line in LINES]
        self.assertEqual(self.peer(lines=lines), 1)
        self.assertIn("5100 cycles for 5000 instructions", self.err)

    def test_a_module_that_does_not_come_to_its_end(self):
        self.assertEqual(self.peer(lines=[*LINES[:4], LINES[-1]]), 1)
        self.assertIn("did not come to its end", self.err)

    def test_a_module_that_does_not_load(self):
        self.assertEqual(self.peer(lines=["peer: no such thing", "tlbed: exit status 1"]), 1)
        self.assertIn("the module did not load; see", self.err)

    def test_a_build_that_fails(self):
        self.write("kdir/Makefile", "modules:\n\t@echo 'main.c:3: error: no'; exit 2\n")
        self.assertEqual(self.peer(), 1)
        self.assertIn("main.c:3: error: no", self.err)
        self.assertFalse(os.path.exists(self.path("asked")))

    def test_no_kernel(self):
        self.assertEqual(self.peer("--kernel", self.path("none")), 2)
        self.assertIn("there is no such thing", self.err)


if __name__ == "__main__":
    tap.main()
