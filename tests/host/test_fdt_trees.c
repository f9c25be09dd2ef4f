// SPDX-License-Identifier: MIT
/*
 * The device tree reader on whole trees: those of tests/boards/ (compiled by dtc)
 * and QEMU's own. Each is compared with libfdt node by node; of some we know what
 * they say about RAM, CPUs, PSCI and the console.
 */
// sources: lib/fdt/fdt.c lib/fdt/fdt-open.c lib/fdt/fdt-memory.c lib/fdt/fdt-machine.c
// libs: -lfdt
#include <dirent.h>
#include <inttypes.h>
#include <unistd.h>

#include "tests/host/boards.h"
#include "tests/host/fdt_exercise.h"
#include "tests/host/fdt_libfdt.h"
#include "tests/host/tap.h"

#define RK3588_FACTS                                \
	"reserved shmem@10f000 10f000+100 no-map\n" \
	"cpu 0 okay psci arm,cortex-a55\n"          \
	"cpu 100 okay psci arm,cortex-a55\n"        \
	"cpu 200 okay psci arm,cortex-a55\n"        \
	"cpu 300 okay psci arm,cortex-a55\n"        \
	"cpu 400 okay psci arm,cortex-a76\n"        \
	"cpu 500 okay psci arm,cortex-a76\n"        \
	"cpu 600 okay psci arm,cortex-a76\n"        \
	"cpu 700 okay psci arm,cortex-a76\n"        \
	"psci smc psci 1.0\n"                       \
	"bootargs \n"                               \
	"stdout serial@feb50000 feb50000+100 1500000n8\n"

/* What report() prints for the trees that we know. */
static const struct {
	const char *board, *facts;
} known[] = {
	{ "rk3588-rock-5b.extract.dts",
	  "model Radxa ROCK 5B\ncompatible radxa,rock-5b rockchip,rk3588\n" RK3588_FACTS },
	{ "rk3588-nanopc-t6.extract.dts",
	  "model FriendlyElec NanoPC-T6\n"
	  "compatible friendlyarm,nanopc-t6 rockchip,rk3588\n" RK3588_FACTS },
	{ "rk3588s-orangepi-5.extract.dts",
	  "model Xunlong Orange Pi 5\n"
	  "compatible xunlong,orangepi-5 rockchip,rk3588s\n" RK3588_FACTS },
	{ "rk3588-like-map-for-versal.dts",
	  "model RK3588-like map on versal\ncompatible test,fake-rk3588\n"
	  "ram memory 200000+8200000\nram memory 9400000+76c00000\n"
	  "ram memory 800000000+3c000000\nram memory 83c500000+3a00000\n"
	  "ram memory 840000000+40000000\n"
	  "reserved shmem@10f000 10f000+100 no-map\n"
	  "cpu 0 okay psci arm,cortex-a72\ncpu 1 okay psci arm,cortex-a72\n"
	  "psci smc psci 1.0\nbootargs x=1\n"
	  "stdout serial@ff000000 ff000000+1000 1500000n8\n" },
	{ "rk3588-like-map-for-raspi3b.dts",
	  "model RK3588-like map on raspi3b\ncompatible test,fake-rk3588\n"
	  "ram memory 200000+8200000\nram memory 9400000+32c00000\n"
	  "reserved shmem@10f000 10f000+100 no-map\n"
	  "psci none\nbootargs x=1\n"
	  "stdout serial@3f215040 3f215040+100 1500000n8\n" },
	{ "hard-memory.dts",
	  "model hard memory\ncompatible test,hard-memory test,second test,third\n"
	  "ram memory@900000000 900000000+40000000\nram memory 200000+8200000\n"
	  "ram memory skipped: empty\nram memory skipped: wraps around\n"
	  "ram memory 9400000+1000000\nram memory@100000000 100000000+1000000\n"
	  "ram ram@300000000 300000000+1000000\n"
	  "ram memory@400000000 skipped: malformed reg\n"
	  "ram memory@500000000 skipped: no fixed address\n"
	  "reserved memory@8400000 8400000+1000000 no-map\n"
	  "reserved linux,cma skipped: no fixed address\n"
	  "reserved two@300000 300000+1000\nreserved two@300000 900100000+2000\n"
	  "reserved empty@500000 skipped: empty\n"
	  "reserved wraps@fffffffffffff000 skipped: wraps around no-map\n"
	  "reserved short@600000 skipped: malformed reg\n"
	  "memreserve  80000000+10000\nmemreserve  skipped: empty\n"
	  "memreserve  skipped: wraps around\nmemreserve  0+1000\n"
	  "psci none\nbootargs \nstdout none\n" },
	{ "hard-buses.dts", "model hard buses\ncompatible test,hard-buses\n"
			    "ram memory@0 0+10000000\nram memory@0 20000000+10000000\n"
			    "psci none\nbootargs bench=vmap/* samples=64\n"
			    "stdout serial@100 3f300100+20 115200n8:x\n" },
	{ "hard-cpus.dts", "model hard cpus\ncompatible test,hard-cpus\n"
			   "cpu 100000000 okay psci arm,cortex-a76\n"
			   "cpu 100000100 disabled spin-table arm,cortex-a76\n"
			   "cpu 100000200 fail - -\n"
			   "cpu ff00ffffff okay - -\n"
			   "cpu skipped: reg is no MPIDR\ncpu skipped: malformed reg\ncpu skipped: "
			   "malformed reg\ncpu skipped: no reg\n"
			   "psci hvc psci 0.1\nbootargs \nstdout none\n" },
};

static void report_regions(FILE *out, const struct fdt *fdt, const char *kind,
			   bool (*next)(const struct fdt *, struct fdt_region *))
{
	struct fdt_region region = { 0 };

	while (next(fdt, &region)) {
		fprintf(out, "%s %s ", kind, region.name);
		if (region.skipped)
			fprintf(out, "skipped: %s", region.skipped);
		else
			fprintf(out, "%" PRIx64 "+%" PRIx64, region.base, region.size);
		fprintf(out, "%s\n", region.no_map ? " no-map" : "");
	}
}

static void report_cpus(FILE *out, const struct fdt *fdt)
{
	static const char *const status[] = { "okay", "disabled", "fail" };
	struct fdt_cpu cpu = { 0 };

	while (fdt_next_cpu(fdt, &cpu)) {
		if (cpu.skipped)
			fprintf(out, "cpu skipped: %s\n", cpu.skipped);
		else
			fprintf(out, "cpu %" PRIx64 " %s %s %s\n", cpu.mpidr, status[cpu.status],
				cpu.enable_method ? cpu.enable_method : "-",
				cpu.compatible ? cpu.compatible : "-");
	}
}

static void report_psci(FILE *out, const struct fdt *fdt)
{
	struct fdt_psci psci;
	const char *version = "0.1";

	if (fdt_get_psci(fdt, &psci)) {
		fprintf(out, "psci none\n");
		return;
	}
	if (fdt_is_compatible(fdt, psci.node, "arm,psci-0.2"))
		version = "0.2";
	if (fdt_is_compatible(fdt, psci.node, "arm,psci-1.0"))
		version = "1.0";
	fprintf(out, "psci %s %s %s\n", psci.smc ? "smc" : "hvc", fdt_name(fdt, psci.node),
		version);
}

static void report_stdout(FILE *out, const struct fdt *fdt)
{
	const char *options;
	int node = fdt_stdout(fdt, &options);
	uint64_t base, size;

	if (node < 0 || fdt_get_reg(fdt, node, 0, &base, &size))
		fprintf(out, "stdout none\n");
	else
		fprintf(out, "stdout %s %" PRIx64 "+%" PRIx64 " %s\n", fdt_name(fdt, node), base,
			size, options ? options : "-");
}

/* All that boot wants to know, as text; the caller frees it. */
static char *report(const struct fdt *fdt)
{
	const char *model = fdt_get_str(fdt, fdt->root, "model"), *name = NULL;
	struct fdt_prop compatible;
	size_t len;
	char *text;
	FILE *out = open_memstream(&text, &len);

	fprintf(out, "model %s\ncompatible", model ? model : "-");
	fdt_get_prop(fdt, fdt->root, "compatible", &compatible);
	while ((name = fdt_next_str(&compatible, name)))
		fprintf(out, " %s", name);
	fprintf(out, "\n");
	report_regions(out, fdt, "ram", fdt_next_ram);
	report_regions(out, fdt, "reserved", fdt_next_reserved);
	report_regions(out, fdt, "memreserve", fdt_next_memreserve);
	report_cpus(out, fdt);
	report_psci(out, fdt);
	fprintf(out, "bootargs %s\n", fdt_bootargs(fdt));
	report_stdout(out, fdt);
	fclose(out);
	return text;
}

/* Opens, calls everything, compares. */
static void check_tree(struct fdt *fdt, const uint8_t *blob, size_t size, const char *name)
{
	int ret = fdt_open(fdt, blob, size);
	bool same = !ret && same_as_libfdt(fdt, blob);

	if (!ret)
		fdt_exercise(fdt, true);
	ok(same, "%s: as libfdt reads it (%zu bytes) %s", name, size,
	   ret ? fdt->error : fdt_difference);
}

static void check_facts(const struct fdt *fdt, const char *board)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		char *text;

		if (strcmp(known[i].board, board))
			continue;
		text = report(fdt);
		if (!ok(!strcmp(text, known[i].facts), "%s: facts", board))
			fprintf(stderr, "%s says:\n%s\nexpected:\n%s\n", board, text,
				known[i].facts);
		free(text);
	}
}

/* libfdt blots nodes and properties out with FDT_NOP, as boot loaders do. */
static void check_nops(const uint8_t *blob, size_t size, const char *board)
{
	uint8_t *copy = malloc(size);
	int aliases, at, next;
	struct fdt fdt;

	memcpy(copy, blob, size);
	aliases = fdt_path_offset(copy, "/aliases");
	if (aliases > 0)
		fdt_nop_node(copy, aliases);
	for (int depth = 0, node = 0; node >= 0; node = fdt_next_node(copy, node, &depth)) {
		const char *name;

		for (at = fdt_first_property_offset(copy, node); at > 0; at = next) {
			next = fdt_next_property_offset(copy, at);
			fdt_getprop_by_offset(copy, at, &name, NULL);
			if (strlen(name) % 3 == 0)
				fdt_nop_property(copy, node, name);
		}
	}
	check_tree(&fdt, copy, size, board);
	free(copy);
}

static void check_board(const char *dir, const char *board)
{
	char name[300];
	struct fdt fdt;
	size_t size;
	uint8_t *blob = compile_dts(dir, board, "", &size);

	check_tree(&fdt, blob, size, board);
	check_facts(&fdt, board);
	snprintf(name, sizeof(name), "%s with NOPs", board);
	check_nops(blob, size, name);
	free(blob);
	snprintf(name, sizeof(name), "%s version 16", board);
	blob = compile_dts(dir, board, "-V 16", &size);
	check_tree(&fdt, blob, size, name);
	check_facts(&fdt, board);
	free(blob);
	snprintf(name, sizeof(name), "%s padded", board);
	blob = compile_dts(dir, board, "-p 4096 -R 5", &size);
	check_tree(&fdt, blob, size, name);
	free(blob);
}

static int is_dts(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 4 && !strcmp(entry->d_name + len - 4, ".dts");
}

static void test_boards(const char *dir)
{
	struct dirent **boards;
	int count = scandir(dir, &boards, is_dts, alphasort), found = 0;

	for (int i = 0; i < count; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(known); k++)
			found += !strcmp(known[k].board, boards[i]->d_name);
		check_board(dir, boards[i]->d_name);
		free(boards[i]);
	}
	ok(found == (int)ARRAY_SIZE(known), "%d trees in %s, %d of them known", count, dir, found);
	if (count >= 0)
		free(boards);
}

/* hard-buses.dts, entry by entry. */
static void test_translation(const char *dir)
{
	static const struct {
		const char *path;
		unsigned index;
		int ret;
		uint64_t base, size;
	} rows[] = {
		{ "/soc/gpio@7e200000", 0, 0, 0x3f200000, 0xb4 },
		{ "/soc/gpio", 1, 0, 0x50000ff0, 0x10 },
		{ "/soc/gpio", 2, -ERANGE, 0, 0 },
		{ "/soc/gpio", 3, -ENOENT, 0, 0 },
		{ "/soc/over", 0, -ERANGE, 0, 0 },
		{ "/soc/over", 1, -ERANGE, 0, 0 },
		{ "/soc/over", 2, 0, 0x3f000000, 0 },
		{ "/soc/over", 3, -ERANGE, 0, 0 },
		{ "soc/deep/serial@100", 0, 0, 0x3f300100, 0x20 },
		{ "serial0", 1, -ERANGE, 0, 0 },
		{ "/soc/deep/same/timer", 0, 0, 0x3f300200, 0x10 },
		{ "/soc/i2c", 0, 0, 0x3f804000, 0x1000 },
		{ "/soc/i2c/sensor", 0, -ERANGE, 0, 0 },
		{ "/soc/plain/device", 0, 0, 0x3f400000, 0x100 },
		{ "/soc/plain", 0, -ENOENT, 0, 0 },
		{ "/soc/cut/device", 0, -ERANGE, 0, 0 },
		{ "/soc/cells0/device", 0, -EINVAL, 0, 0 },
		{ "/soc/cells4/device", 0, -EINVAL, 0, 0 },
		{ "/soc/badcells/device", 0, -EINVAL, 0, 0 },
		{ "/top/wraps", 0, -EOVERFLOW, 0, 0 },
		{ "/top/wraps", 1, 0, 0xfffffffffffffffe, 1 },
		{ "/top/odd", 0, -EINVAL, 0, 0 },
		{ "/top/most/device", 0, -ERANGE, 0, 0 },
		{ "/top/most/device", 1, 0, 0x1000, 1 },
		{ "/top/beyond/device", 0, -ERANGE, 0, 0 },
		{ "/pcie", 0, 0, 0x10000000, 0x100000 },
		{ "/pcie/usb@1,0", 0, -ERANGE, 0, 0 },
		{ "/", 0, -ENOENT, 0, 0 },
		{ "/soc/gpi", 0, -EINVAL, 0, 0 }, /* no such node, nor those below */
		{ "/soc/gpio@7e20000", 0, -EINVAL, 0, 0 },
		{ "/soc/gpio@7e200000/x", 0, -EINVAL, 0, 0 },
		{ "loop", 0, -EINVAL, 0, 0 },
		{ "relative", 0, -EINVAL, 0, 0 },
		{ "gone", 0, -EINVAL, 0, 0 },
		{ "serial", 0, -EINVAL, 0, 0 },
	};
	size_t size;
	uint8_t *blob = compile_dts(dir, "hard-buses.dts", "", &size);
	struct fdt fdt;

	fdt_open(&fdt, blob, size);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t base = 0, bytes = 0;
		int node = fdt_find_path(&fdt, rows[i].path);
		int ret = fdt_get_reg(&fdt, node, rows[i].index, &base, &bytes);

		ok(ret == rows[i].ret && base == rows[i].base && bytes == rows[i].size,
		   "reg of %s [%u]: %d, 0x%" PRIx64 "+0x%" PRIx64, rows[i].path, rows[i].index, ret,
		   base, bytes);
	}
	free(blob);
}

/* QEMU's own trees; each fact is a part of the report. */
static const struct {
	const char *machine, *facts[5];
} qemu_machines[] = {
	{ "-M virt,%s -cpu cortex-a53 -m 256 -smp 1",
	  { "compatible linux,dummy-virt\nram memory@40000000 40000000+10000000\ncpu 0 okay - "
	    "arm,cortex-a53\npsci hvc psci 1.0\n",
	    "stdout pl011@9000000 9000000+1000 -" } },
	{ "-M virt,gic-version=3,%s -cpu cortex-a76 -m 2G -smp 4",
	  { "ram memory@40000000 40000000+80000000\ncpu 0 okay psci arm,cortex-a76\n",
	    "cpu 3 okay psci" } },
	{ "-M virt,virtualization=on,%s -cpu max -m 3G -smp 8",
	  { "ram memory@40000000 40000000+c0000000\n", "cpu 7 okay psci", "psci smc psci 1.0\n" } },
	{ "-M virt,memory-backend=m,%s -object memory-backend-ram,id=m,size=64G,reserve=off -cpu "
	  "max "
	  "-m 64G -smp 2",
	  { "ram memory@40000000 40000000+1000000000\ncpu 0" } },
	{ "-M virt,%s -cpu max -m 512 -smp 2 -object memory-backend-ram,id=a,size=128M -object "
	  "memory-backend-ram,id=b,size=384M -numa node,memdev=a -numa node,memdev=b",
	  { "40000000+8000000\n", "48000000+18000000\n" } },
	{ "-M xlnx-versal-virt,%s -m 4G -smp 4",
	  { "ram memory@0 0+80000000\nram memory@0 800000000+80000000\n",
	    "cpu 1 okay - arm,cortex-a72\n", "stdout uart@ff000000 ff000000+1000 -" } },
};

static void check_qemu(const char *machine, const char *const facts[5])
{
	const char *tmp = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
	char file[256], dump[300], options[800], command[1200], *text;
	struct fdt fdt;
	uint8_t *blob;
	size_t size;
	FILE *in;
	int fd;

	snprintf(file, sizeof(file), "%s/tlbed-fdt-XXXXXX", tmp);
	fd = mkstemp(file);
	snprintf(dump, sizeof(dump), "dumpdtb=%s", file);
	snprintf(options, sizeof(options), machine, dump);
	snprintf(command, sizeof(command),
		 "qemu-system-aarch64 -display none -nic none %s >/dev/null 2>&1", options);
	if (fd < 0 || close(fd) || system(command))
		fprintf(stderr, "failed: %s\n", command);
	in = fopen(file, "r"); /* QEMU has put another file in its place */
	blob = slurp(in, &size);
	if (in)
		fclose(in);
	unlink(file);
	check_tree(&fdt, blob, size, machine);
	text = report(&fdt);
	for (int i = 0; i < 5 && facts[i]; i++)
		if (!ok(strstr(text, facts[i]), "QEMU tells: %.*s", (int)strcspn(facts[i], "\n"),
			facts[i]))
			fprintf(stderr, "%s\n", text);
	free(text);
	free(blob);
}

static void test_qemu(void)
{
	if (system("command -v qemu-system-aarch64 >/dev/null")) {
		ok(true, "QEMU's own trees # SKIP no qemu-system-aarch64");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(qemu_machines); i++)
		check_qemu(qemu_machines[i].machine, qemu_machines[i].facts);
}

int main(void)
{
	const char *dir = getenv("BOARDS") ? getenv("BOARDS") : "tests/boards";

	if (system("command -v dtc >/dev/null")) {
		ok(true, "board trees # SKIP no dtc");
	} else {
		test_boards(dir);
		test_translation(dir);
	}
	test_qemu();
	return tap_done();
}
