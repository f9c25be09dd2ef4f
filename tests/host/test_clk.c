// SPDX-License-Identifier: MIT
/*
 * The CPUs' clocks: from the trees of RK3588 boards and from trees that are wrong, which rates are
 * set and which refused, clk=, what is put back, and a line for whatever goes wrong.
 */
// sources: drivers/scmi/message.c drivers/scmi/channel.c drivers/scmi/rates.c drivers/scmi/find.c drivers/board.c lib/cmdline/glob.c lib/fdt/fdt.c lib/fdt/fdt-open.c lib/fdt/fdt-memory.c lib/fdt/fdt-machine.c tests/machine/scmi-firmware.c
// libs: -lfdt
#include "tests/host/capture.h"

#define fdt_check_header libfdt_check_header /* the one name that both readers have */
#include <libfdt.h>
#undef fdt_check_header

#include "drivers/scmi/clk.c"
#include "drivers/scmi/cpu-clocks.c"
#include "lib/cmdline/cmdline.c"
#include "tests/host/boards.h"
#include "tests/host/scmi-area.h"

#define ROCK5B "rk3588-rock-5b.extract.dts"
#define MHZ    1000000UL

static _Alignas(8) uint8_t blob[1 << 20];
static struct fdt fdt;
static struct cpu_clocks *const c = &cpu_clocks;

/* --- in place of boot and of lib/exit.c ------------------------------------------------------ */

static void (*last_act)(void);

void set_last_act(void (*act)(void))
{
	last_act = act;
}

static uint64_t handed = CRYSTAL_HZ;
static struct scmi_firmware wrong; /* its mood, what that is for, and with which figures */
static unsigned maps;
static bool no_map;

static void *map(uint64_t pa, uint64_t size)
{
	maps++;
	ok(pa == AREA_BASE && size == AREA_BYTES, "mapped: %lx, %lu bytes", pa, size);
	return no_map ? NULL : (void *)AREA_BASE;
}

/* --- trees ----------------------------------------------------------------------------------- */

static void load(const char *board)
{
	const char *dir = getenv("BOARDS") ? getenv("BOARDS") : "tests/boards";
	size_t size;
	uint8_t *tree = compile_dts(dir, board, "", &size);

	if (!size || fdt_open_into(tree, blob, sizeof(blob)))
		ok(false, "%s: no tree", board);
	free(tree);
}

static int at(const char *path)
{
	int node = fdt_path_offset(blob, path);

	if (node < 0)
		ok(false, "%s: not in the tree", path);
	return node;
}

/* Boots with @blob and, if @clk is not NULL, with clk=@clk; the log since then. */
static char *boot(const char *clk)
{
	char line[64], error[128];

	area_reset();
	for (unsigned i = 0; i < FIRMWARE_CLOCKS; i++)
		firmware.rates[i] = handed;
	firmware.mood = wrong.mood;
	firmware.only = wrong.only;
	firmware.clock = wrong.clock;
	firmware.status = wrong.status;
	firmware.rate = wrong.rate;
	maps = 0;
	last_act = NULL;
	wanted = 0;
	capture_raw();
	if (fdt_open(&fdt, blob, sizeof(blob)))
		ok(false, "the test's tree: %s", fdt.error);
	clk_init(&fdt, map);
	snprintf(line, sizeof(line), "clk=%s", clk ? clk : "");
	if (clk && cmdline_parse(line, error, sizeof(error)))
		ok(false, "%s", error);
	apply_clk();
	return capture_text();
}

static void unbroken(const char *what)
{
	const char *broken = area_broken ? area_broken : firmware.broken;

	ok(!broken, "%s: %s", what, broken ? broken : "as firmware wants it");
}

static void test_boards(void)
{
	static const char *const boards[] = { ROCK5B, "rk3588-nanopc-t6.extract.dts",
					      "rk3588s-orangepi-5.extract.dts" };
	char text[CLOCK_CPUS_MAX];

	for (unsigned i = 0; i < ARRAY_SIZE(boards); i++) {
		load(boards[i]);
		same_text(boot("keep"), "", boards[i]);
		ok(!c->none && c->count == 3 && maps == 1, "three clocks");
		ok(c->channel.function == FIRMWARE_SMC_ID && c->channel.size == AREA_BYTES,
		   "the channel of the tree");
		ok(c->clocks[0].id == 0 && c->clocks[1].id == 2 && c->clocks[2].id == 3, "ids");
		cpu_clock_cpus(c, 0, text, sizeof(text));
		same_text(text, "CPUs 0-3", "the A55 cores");
		cpu_clock_cpus(c, 1, text, sizeof(text));
		same_text(text, "CPUs 4-5", "the first A76 cores");
		cpu_clock_cpus(c, 2, text, sizeof(text));
		same_text(text, "CPUs 6-7", "the others");
		ok(c->of_cpu[8] == -1, "no CPU more");
		ok(c->clocks[0].rates->boot_mhz == 1200 && c->clocks[1].rates->boot_mhz == 1608 &&
			   c->clocks[2].rates->boot_mhz == 1608,
		   "what boot's voltages allow");
		ok(c->clocks[0].handed_hz == CRYSTAL_HZ && !firmware.sets && !last_act,
		   "keep: read, nothing set");
		unbroken(boards[i]);
	}
}

/* The tree as it is now: no clocks, for the reason @why; firmware is not called. */
static void without(const char *why)
{
	same_text(boot("600"), "", why);
	ok(c->none && !strcmp(c->none, why) && !c->count && !firmware.calls && !last_act, "%s (%s)",
	   why, c->none ? c->none : "there are");
}

static void test_bad_trees(void)
{
	static const uint32_t high[] = { 0, 0, 0 }, small[] = { 0, 0x0000f010, 0, 0x28000000 };
	const char *none = "no SCMI (arm,scmi-smc) in the device tree";
	const char *reg = "SCMI's shmem names no arm,scmi-shmem with a reg";
	int child;

	load("rk3588-like-map-for-versal.dts");
	without(none);
	load(ROCK5B);
	fdt_setprop_string(blob, at("/firmware/scmi"), "status", "disabled");
	without(none);
	load(ROCK5B);
	fdt_delprop(blob, at("/firmware/scmi"), "arm,smc-id");
	without("SCMI's arm,smc-id is missing, or no fast call's");
	fdt_setprop_u32(blob, at("/firmware/scmi"), "arm,smc-id", 0x02000010);
	without("SCMI's arm,smc-id is missing, or no fast call's");
	load(ROCK5B);
	fdt_delprop(blob, at("/firmware/scmi"), "shmem");
	without("SCMI's shmem is missing or malformed");
	fdt_setprop_u32(blob, at("/firmware/scmi"), "shmem", 0x4711);
	without(reg);
	load(ROCK5B);
	fdt_setprop_string(blob, at("/reserved-memory/shmem@10f000"), "compatible", "ramoops");
	without(reg);
	load(ROCK5B);
	fdt_setprop(blob, at("/reserved-memory/shmem@10f000"), "reg", high, sizeof(high));
	without(reg);
	fdt_setprop(blob, at("/reserved-memory/shmem@10f000"), "reg", small, sizeof(small));
	without("SCMI's shared memory is too small, or not aligned");
	load(ROCK5B);
	fdt_setprop_string(blob, at("/psci"), "method", "hvc");
	without("SCMI is by SMC, and PSCI is not: no SMC is tried");
	fdt_del_node(blob, at("/psci"));
	without("SCMI is by SMC, and PSCI is not: no SMC is tried");
	load(ROCK5B);
	fdt_del_node(blob, at("/firmware/scmi/protocol@14"));
	without("no CPU's clock is SCMI's");
	load(ROCK5B);
	fdt_for_each_subnode(child, blob, at("/cpus"))
	{
		fdt_nop_property(blob, child, "clocks");
	}
	without("no CPU's clock is SCMI's");
	load(ROCK5B);
	no_map = true;
	without("SCMI's shared memory cannot be mapped");
	no_map = false;
}

/* The vendor's trees: the area is a child of an mmio-sram, and its reg is relative to that. */
static void test_vendor_tree(void)
{
	int node;

	load(ROCK5B);
	node = fdt_add_subnode(blob, 0, "sram@10f000");
	fdt_setprop_string(blob, node, "compatible", "mmio-sram");
	fdt_setprop_u64(blob, node, "reg", AREA_BASE);
	fdt_appendprop_u64(blob, node, "reg", AREA_BYTES);
	fdt_setprop_u32(blob, node, "#address-cells", 1);
	fdt_setprop_u32(blob, node, "#size-cells", 1);
	fdt_setprop_u32(blob, node, "ranges", 0);
	fdt_appendprop_u64(blob, node, "ranges", AREA_BASE);
	fdt_appendprop_u32(blob, node, "ranges", AREA_BYTES);
	node = fdt_add_subnode(blob, node, "sram@0");
	fdt_setprop_string(blob, node, "compatible", "arm,scmi-shmem");
	fdt_setprop_u32(blob, node, "reg", 0);
	fdt_appendprop_u32(blob, node, "reg", AREA_BYTES);
	fdt_setprop_u32(blob, node, "phandle", 0x4711);
	fdt_setprop_u32(blob, at("/firmware/scmi"), "shmem", 0x4711);
	fdt_del_node(blob, at("/reserved-memory/shmem@10f000"));
	same_text(boot("600"), "", "a vendor's tree");
	ok(!c->none && maps == 1 && firmware.sets == 3, "set");
	fdt_delprop(blob, at("/sram@10f000"), "ranges");
	without("SCMI's shmem names no arm,scmi-shmem with a reg");
}

static void test_default(void)
{
	char text[CLK_TEXT_MAX];

	load(ROCK5B);
	same_text(boot(NULL), "", "clk= not given: no line");
	ok(firmware.rates[0] == 600 * MHZ && firmware.rates[2] == 600 * MHZ &&
		   firmware.rates[3] == 600 * MHZ && firmware.sets == 3,
	   "600 MHz on a board with an RK3588");
	ok(c->clocks[0].firmware_hz == 600 * MHZ && c->clocks[0].handed_hz == CRYSTAL_HZ,
	   "what it was and is");
	clk_text(text, sizeof(text));
	same_text(text, "600", "said as 600");
	apply_clk();
	ok(firmware.sets == 3, "what is so already is not set again");
	unbroken("the default");
	fdt_setprop_string(blob, 0, "compatible", "acme,board");
	boot(NULL);
	ok(!firmware.sets && !last_act, "nothing on another board");
	clk_text(text, sizeof(text));
	same_text(text, "keep", "said as keep");
	same_text(boot("600"),
		  "clk: CPUs 0-3 not set to 600 MHz: nothing is known of its rates and voltages\n"
		  "clk: CPUs 4-5 not set to 600 MHz: nothing is known of its rates and voltages\n"
		  "clk: CPUs 6-7 not set to 600 MHz: nothing is known of its rates and voltages\n",
		  "a board that nothing is known of");
	ok(!firmware.sets, "is not set");
	fdt_setprop_string(blob, 0, "compatible", "rockchip,rk3588s");
	boot(NULL);
	ok(firmware.sets == 3, "an RK3588S is an RK3588");
}

static void test_limits(void)
{
	load(ROCK5B);
	same_text(boot("1200"), "", "clk=1200");
	ok(firmware.rates[0] == 1200 * MHZ && firmware.rates[2] == 1200 * MHZ, "for all");
	ok(c->clocks[0].firmware_hz == 1488 * MHZ, "firmware's own measurement");
	same_text(boot("1416"),
		  "clk: CPUs 0-3 not set to 1416 MHz: that is more than boot's voltage allows "
		  "(clk=force:)\n",
		  "clk=1416");
	ok(firmware.rates[0] == CRYSTAL_HZ && firmware.rates[2] == 1416 * MHZ, "for the A76 cores");
	boot("1608");
	ok(firmware.rates[0] == CRYSTAL_HZ && firmware.rates[3] == 1608 * MHZ, "clk=1608");
	boot("1800");
	ok(!firmware.sets, "clk=1800: for none");
	same_text(boot("force:1800"), "", "clk=force:1800");
	ok(firmware.rates[0] == 1800 * MHZ && firmware.rates[3] == 1800 * MHZ, "for all");
	same_text(boot("force:2400"), "clk: CPUs 0-3 not set to 2400 MHz: it has no such rate\n",
		  "clk=force:2400");
	ok(firmware.rates[0] == CRYSTAL_HZ && firmware.rates[2] == 2400 * MHZ, "A76 cores only");
	boot("force:1704");
	ok(firmware.rates[0] == 1704 * MHZ && firmware.rates[2] == CRYSTAL_HZ, "A55 cores only");
	unbroken("the limits");
}

static void test_words(void)
{
	static const char *const bad[] = { "",
					   "1",
					   "601",
					   "599",
					   "24",
					   "keep ",
					   "Keep",
					   "force:",
					   "force",
					   "force:keep",
					   "force:1",
					   "600MHz",
					   "600,816",
					   "-600",
					   "force:600x",
					   " 600",
					   "force: 600",
					   "4294967896",
					   "18446744073709551615" };
	char line[64], error[128], want[128];

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		wanted = 816;
		snprintf(line, sizeof(line), "\"clk=%s\"", bad[i]);
		snprintf(want, sizeof(want), "malformed value '%s'", bad[i]);
		ok(cmdline_parse(line, error, sizeof(error)) && !strcmp(error, want) &&
			   wanted == 816,
		   "clk=%s: %s", bad[i], error);
	}
}

static void test_put_back(void)
{
	static const struct {
		const char *clk;
		uint64_t handed;
		unsigned back; /* 0: none */
	} cases[] = {
		{ "600", CRYSTAL_HZ, 408 }, { "1200", CRYSTAL_HZ, 408 }, { "1008", 408 * MHZ, 408 },
		{ "1008", 600 * MHZ, 600 }, { "600", 815 * MHZ, 600 },	 { "408", 816 * MHZ, 816 },
		{ "600", 1008 * MHZ, 816 }, { "keep", 1008 * MHZ, 0 },
	};

	load(ROCK5B);
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t want = cases[i].back ? cases[i].back * MHZ : cases[i].handed;

		handed = cases[i].handed;
		boot(cases[i].clk);
		if (last_act)
			last_act();
		ok(!last_act == !cases[i].back && firmware.rates[0] == want &&
			   firmware.rates[2] == want && firmware.rates[3] == want,
		   "clk=%s, %lu MHz at hand-over: %lu MHz at the end", cases[i].clk,
		   cases[i].handed / MHZ, firmware.rates[2] / MHZ);
		unbroken("put back");
	}
	handed = CRYSTAL_HZ;
	boot("1416"); /* of the A76 cores alone */
	last_act();
	ok(firmware.rates[0] == CRYSTAL_HZ && firmware.rates[2] == 408 * MHZ,
	   "what was not set is not put back");
	boot("600");
	firmware.mood = FIRMWARE_SILENT;
	last_act();
	same_text(capture_text(),
		  "clk: CPUs 0-3 not set to 408 MHz: no answer\n"
		  "clk: CPUs 4-5 not set to 408 MHz: the channel stays busy\n"
		  "clk: CPUs 6-7 not set to 408 MHz: the channel stays busy\n",
		  "what cannot be put back is said");
}

/* Firmware that goes wrong when its clock @clock is asked @message. */
static char *boot_wrong(enum firmware_mood mood, unsigned message, unsigned clock)
{
	wrong = (struct scmi_firmware){
		.mood = mood, .only = message, .clock = clock, .status = -6, .rate = 1
	};
	return boot("600");
}

static void test_wrong(void)
{
	char text[96];

	load(ROCK5B);
	same_text(
		boot_wrong(FIRMWARE_UNKNOWN, 0, 0),
		"clk: nothing is set: SCMI, asked for the rate of clock 0: firmware does not know "
		"the call\n",
		"firmware without SCMI");
	same_text(boot_wrong(FIRMWARE_SILENT, 0, 0),
		  "clk: nothing is set: SCMI, asked for the rate of clock 0: no answer\n",
		  "firmware that does not answer");
	same_text(boot_wrong(FIRMWARE_STATUS, RATE_GET, 3),
		  "clk: nothing is set: SCMI, asked for the rate of clock 3: busy\n",
		  "busy with one of three");
	ok(!firmware.sets && firmware.calls == 3, "nothing is set");
	same_text(boot_wrong(FIRMWARE_RATE, RATE_GET, 2),
		  "clk: nothing is set: SCMI, asked for the rate of clock 2: a rate that no core "
		  "has\n",
		  "a rate that cannot be");
	ok(cpu_clocks_silent(c, text, sizeof(text)) &&
		   !strcmp(text, "SCMI, asked for the rate of clock 2: a rate that no core has"),
	   "the banner says so too");
	same_text(boot_wrong(FIRMWARE_STATUS, RATE_SET, 2),
		  "clk: CPUs 4-5 not set to 600 MHz: busy\n", "busy when one is set");
	ok(firmware.rates[0] == 600 * MHZ && firmware.rates[2] == CRYSTAL_HZ &&
		   firmware.rates[3] == 600 * MHZ && c->clocks[1].set_mhz == 0 &&
		   c->clocks[1].firmware_hz == CRYSTAL_HZ,
	   "that one is as it was");
	last_act();
	ok(firmware.rates[0] == 408 * MHZ && firmware.rates[2] == CRYSTAL_HZ,
	   "and is not put back");
	wrong = (struct scmi_firmware){ 0 };
	boot("600");
	ok(!cpu_clocks_silent(c, text, sizeof(text)), "nothing to complain of");
	unbroken("errors");
}

/* Firmware that sets a clock and does not say so well: what it may have done is put back. */
static void test_unclear(void)
{
	static const struct {
		enum firmware_mood mood;
		int32_t status;
		uint64_t set, back; /* MHz of clock 2, when set and at the end */
		const char *why;
	} cases[] = {
		{ FIRMWARE_LENGTH, 0, 600, 408, "a malformed answer" },
		{ FIRMWARE_ERROR, 0, 24, 408, "the channel reports an error" },
		{ FIRMWARE_STATUS, SCMI_HARDWARE_ERROR, 24, 408, "hardware error" },
		{ FIRMWARE_STATUS, SCMI_DENIED, 24, 24, "denied" },
	};
	char line[96];

	load(ROCK5B);
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		wrong = (struct scmi_firmware){ .mood = cases[i].mood,
						.only = RATE_SET,
						.clock = 2,
						.status = cases[i].status };
		snprintf(line, sizeof(line), "clk: CPUs 4-5 not set to 600 MHz: %s\n",
			 cases[i].why);
		same_text(boot("600"), line, "said");
		ok(firmware.rates[2] == cases[i].set * MHZ && !c->clocks[1].set_mhz &&
			   c->clocks[1].firmware_hz == cases[i].set * MHZ,
		   "asked again: %lu", c->clocks[1].firmware_hz);
		firmware.mood = FIRMWARE_WELL;
		last_act();
		ok(firmware.rates[2] == cases[i].back * MHZ && firmware.rates[3] == 408 * MHZ,
		   "put back to %lu: %lu", cases[i].back, firmware.rates[2] / MHZ);
	}
	wrong.mood = FIRMWARE_WELL;
}

/* The answer to RATE_SET comes when nobody waits any more: set, and not known to be. */
static void test_late(void)
{
	boot("keep");
	late_after = SCMI_POLLS + 3;
	set_one(c, 1, 600);
	same_text(capture_text(), "clk: CPUs 4-5 not set to 600 MHz: no answer\n", "too late");
	ok(firmware.rates[2] == 600 * MHZ && !c->clocks[1].set_mhz, "set all the same");
	late_after = 0;
	cpu_clocks_put_back(c);
	ok(firmware.rates[2] == 408 * MHZ && firmware.rates[0] == CRYSTAL_HZ, "put back");
}

/* CPUs that share clocks in other ways than an RK3588's. */
static void test_sharing(void)
{
	char text[CLOCK_CPUS_MAX], few[16];
	uint32_t clock[2];
	int cpu, n = 0;

	load(ROCK5B);
	clock[0] = *(const uint32_t *)fdt_getprop(blob, at("/cpus/cpu@0"), "clocks", NULL);
	clock[1] = cpu_to_fdt32(2);
	fdt_setprop_inplace(blob, at("/cpus/cpu@100"), "clocks", clock, sizeof(clock));
	boot("keep");
	cpu_clock_cpus(c, 1, text, sizeof(text));
	same_text(text, "CPUs 1 4-5", "a list");
	cpu_clock_cpus(c, 1, few, sizeof(few));
	same_text(few, "CPUs 1", "cut where there is no room");
	ok(!c->clocks[1].rates, "two kinds of CPU on a clock: no rates");
	ok(cpu_clock_refusal(&c->clocks[1], 600, true) &&
		   !cpu_clock_refusal(&c->clocks[0], 600, false),
	   "which is not set");
	clock[0] = ~clock[0];
	fdt_setprop_inplace(blob, at("/cpus/cpu@100"), "clocks", clock, sizeof(clock));
	boot("keep");
	ok(c->count == 3 && c->of_cpu[1] == -1 && c->of_cpu[2] == 0, "a clock of another device");
	load(ROCK5B);
	fdt_for_each_subnode(cpu, blob, at("/cpus"))
	{
		clock[0] = *(const uint32_t *)fdt_getprop(blob, at("/cpus/cpu@0"), "clocks", NULL);
		clock[1] = cpu_to_fdt32(n++);
		if (fdt_getprop(blob, cpu, "clocks", NULL))
			fdt_setprop_inplace(blob, cpu, "clocks", clock, sizeof(clock));
	}
	boot("keep");
	cpu_clock_cpus(c, 7, text, sizeof(text));
	ok(c->count == CPU_CLOCKS_MAX && c->of_cpu[7] == 7 && !strcmp(text, "CPU 7"),
	   "a clock each: %s", text);
}

int main(void)
{
	log_set_console(&capture_console);
	test_boards();
	test_bad_trees();
	test_vendor_tree();
	test_default();
	test_limits();
	test_words();
	test_put_back();
	test_wrong();
	test_unclear();
	test_late();
	test_sharing();
	return tap_done();
}
