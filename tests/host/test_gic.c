// SPDX-License-Identifier: MIT
/*
 * GICv2 and GICv3 against a model of each: every tree that they may meet, every way to
 * fail, and what they tell the controller.
 */
// sources: drivers/irq/irq.c drivers/irq/gic.c drivers/irq/gicv2.c drivers/irq/gicv3.c lib/fdt/fdt.c lib/fdt/fdt-open.c lib/fdt/fdt-memory.c lib/fdt/fdt-machine.c tests/host/gic-model.c
// libs: -lfdt
#include <errno.h>

#include "drivers/irq/irq.h"
#include "tests/host/boards.h"
#include "tests/host/gic-tree.h"

static void test_decode(void)
{
	static const struct {
		uint32_t cells[4];
		unsigned count;
		int error;
		unsigned intid;
	} cases[] = {
		{ { 0, 0, 4 }, 3, 0, 32 },
		{ { 0, 333, 4, 0 }, 4, 0, 365 },
		{ { 0, 987, 4 }, 3, 0, 1019 },
		{ { 0, 988, 4 }, 3, -EINVAL, 0 },
		{ { 1, 0, 4 }, 3, 0, 16 },
		{ { 1, 11, 0xf08 }, 3, 0, 27 },
		{ { 1, 15, 4 }, 3, 0, 31 },
		{ { 1, 16, 4 }, 3, -EINVAL, 0 },
		{ { 2, 0, 1 }, 3, 0, 4096 },
		{ { 2, 1023, 1 }, 3, 0, 5119 },
		{ { 2, 1024, 1 }, 3, -EINVAL, 0 },
		{ { 3, 0, 4 }, 3, 0, 1056 },
		{ { 3, 63, 4 }, 3, 0, 1119 },
		{ { 3, 64, 4 }, 3, -EINVAL, 0 },
		{ { 4, 0, 4 }, 3, -EINVAL, 0 },
		{ { UINT32_MAX, 0, 4 }, 3, -EINVAL, 0 },
		{ { 0, UINT32_MAX, 4 }, 3, -EINVAL, 0 },
		{ { 1, 1, 4 }, 2, -EINVAL, 0 },
		{ { 1, 1, 4 }, 5, -EINVAL, 0 },
		{ { 1, 1, 4 }, 0, -EINVAL, 0 },
	};
	struct gic_interrupt i;

	for (unsigned n = 0; n < ARRAY_SIZE(cases); n++) {
		int error = gic_decode(cases[n].cells, cases[n].count, &i);

		ok(error == cases[n].error && (error || i.intid == cases[n].intid),
		   "specifier <%u %u>, %u cells: %d", cases[n].cells[0], cases[n].cells[1],
		   cases[n].count, error);
	}
	gic_decode((uint32_t[]){ 1, 7, 0xf08, 0x1d }, 4, &i);
	ok(i.flags == 8 && i.partition == 0x1d, "flags without the CPU mask, partition");
	gic_decode((uint32_t[]){ 1, 7, 4, 0x1d }, 3, &i);
	ok(i.partition == 0, "of three cells there is no partition");
}

static void test_v3_start(void)
{
	bool good = true;

	ok(init_fresh(3, &v3) == 0 && !strcmp(irq_controller_name(), "GICv3"), "GICv3 starts");
	ok(model.dist_ctlr == 0x12, "distributor: affinity routing, Group 1: %x", model.dist_ctlr);
	ok(!model.dist_enabled[1] && !model.dist_enabled[2] && model.dist_enabled[3],
	   "the SPIs that exist are off, others untouched");
	for (model.cpu = 0; model.cpu < MODEL_CPUS; model.cpu++) {
		good &= gic_cpu_init() == 0;
		good &= model.redistributor[model.cpu].enabled == 0xffff;
		good &= model.redistributor[model.cpu].groups == UINT32_MAX;
		good &= model.redistributor[model.cpu].waker == 0;
	}
	ok(good, "every CPU finds and wakes its own redistributor");
	ok(model.sre & 1 && model.pmr == 0xff && model.igrpen1 == 1, "the CPU interface is on");
	unbroken("GICv3");
	init_fresh(3, &v3);
	model.two_states = true;
	model.secure = 0xff00ff00;
	ok(!gic_cpu_init(), "two Security states: firmware's redistributor is awake");
	ok(irq_enable(7) == 0 && irq_enable(8) == -EPERM && irq_enable(30) == -EPERM,
	   "an interrupt that firmware keeps: -EPERM");
	unbroken("two Security states");
	for (unsigned groups = 0; groups < 8; groups++) {
		model_reset(3);
		model.dist_ctlr = (groups & 3) | (groups & 4) << 2;
		good &= init(&v3) == 0 && model.dist_ctlr == 0x12;
	}
	ok(good, "whatever state firmware left the distributor in");
	unbroken("firmware's distributor");
}

/* Redistributors @step apart; all CPUs must find theirs. */
static bool all_found(const struct tree *t, uint64_t step, bool vlpis)
{
	bool good = true;

	model_reset(3);
	for (unsigned i = 0; i < MODEL_CPUS; i++) {
		model.redistributor[i].base = model.redistributor[0].base + i * step;
		model.redistributor[i].vlpis = vlpis;
	}
	good &= init(t) == 0;
	for (model.cpu = 0; model.cpu < MODEL_CPUS; model.cpu++)
		good &= gic_cpu_init() == 0;
	return good && !model.broken;
}

static void test_v3_walk(void)
{
	struct tree t = { .stride_cells = 1, .stride = 0x30000 };

	ok(all_found(&v3, 0x20000, false), "redistributors of two frames");
	ok(all_found(&v3, 0x40000, true), "of four frames (VLPIS)");
	ok(all_found(&t, 0x30000, false), "with a stride of one cell");
	t.stride_cells = 2;
	ok(all_found(&t, 0x30000, true), "with a stride of two cells, which beats VLPIS");
	t = (struct tree){ .region_size = 0x80000 };
	ok(all_found(&t, 0x20000, false), "a region that ends with the last");

	model_reset(3);
	t = (struct tree){ .regions = 2 };
	model.redistributor[1].last = true;
	model.redistributor[2].base = MODEL_FAR;
	model.redistributor[3].base = MODEL_FAR + 0x20000;
	model.cpu = 3;
	ok(!init(&t) && !gic_cpu_init(), "the second region is looked at");
	unbroken("two regions");

	init_fresh(3, &v3);
	model.mpidr[0] = 0x80ff;
	ok(gic_cpu_init() == -ENXIO, "no redistributor of that affinity: -ENXIO");
	unbroken("up to Last");
	init_fresh(3, &v3);
	model.redistributor[1].last = true;
	model.cpu = 2;
	ok(gic_cpu_init() == -ENXIO, "nothing past Last is believed");
	t = (struct tree){ .region_size = 0x70000 };
	init_fresh(3, &t);
	model.cpu = 3;
	ok(gic_cpu_init() == -ENXIO, "nothing past the region's end is looked at");
	unbroken("the region's end");
	init_fresh(3, &v3);
	model.redistributors = 2;
	model.cpu = 3;
	ok(gic_cpu_init() == -ENXIO, "empty space is no redistributor");
	unbroken("no Last");
	init_fresh(3, &v3);
	model.mpidr[1] = 0xab00030201;
	model.redistributor[1].affinity = 0xab030201;
	model.cpu = 1;
	ok(!gic_cpu_init() && irq_enable(3) == 0, "all four affinity fields are compared");
}

static void test_v3_errors(void)
{
	const struct {
		struct tree t;
		int error;
		const char *what;
	} cases[] = {
		{ { .compatible = "arm,gic-v5" }, -ENODEV, "a GIC that nobody knows" },
		{ { .status = "disabled" }, -ENODEV, "a GIC that is disabled" },
		{ { .interrupt_cells = 1 }, -EINVAL, "specifiers of one cell" },
		{ { .interrupt_cells = 5 }, -EINVAL, "specifiers of five cells" },
		{ { .no_reg = true }, -EINVAL, "no `reg`" },
		{ { .regions_said = 2 }, -EINVAL, "fewer regions than it says" },
		{ { .regions_said = 17 }, -EINVAL, "too many regions" },
		{ { .region_size = 0x10000 }, -EINVAL, "a region of one frame" },
		{ { .stride_cells = 1, .stride = 0 }, -EINVAL, "a stride of 0" },
		{ { .stride_cells = 1, .stride = 0x10000 }, -EINVAL, "a stride of one frame" },
		{ { .stride_cells = 1, .stride = 0x28000 }, -EINVAL, "a stride of 2.5 frames" },
		{ { .stride_cells = 2, .stride = 1UL << 40 }, -EINVAL, "a stride of 2^40" },
		{ { .interrupt_cells = 4 }, 0, "specifiers of four cells" },
	};

	for (unsigned n = 0; n < ARRAY_SIZE(cases); n++) {
		int error = init_fresh(3, &cases[n].t);

		ok(error == cases[n].error && !model.broken, "%s: %d", cases[n].what, error);
	}
	for (unsigned maps = 0; maps < 2; maps++) {
		model_reset(3);
		model_maps_left = maps;
		ok(init(&v3) == -ENOMEM, "map %u fails: -ENOMEM", maps + 1);
	}
	model_reset(2);
	ok(init(&v3) == -ENXIO, "no GICv3 at the address: -ENXIO");
	model_reset(3);
	model.stuck_distributor = true;
	ok(init(&v3) == -ETIMEDOUT, "a distributor that never confirms: -ETIMEDOUT");
	init_fresh(3, &v3);
	model.asleep_for_ever = true;
	ok(gic_cpu_init() == -ETIMEDOUT, "a redistributor that never wakes: -ETIMEDOUT");
	init_fresh(3, &v3);
	model.no_sre = true;
	ok(gic_cpu_init() == -EPERM, "SRE that cannot be set: -EPERM");
	init_fresh(3, &v3);
	model.no_registers = true;
	ok(gic_cpu_init() == -ENXIO, "a CPU without system registers: -ENXIO");
}

static void test_v3_sgi(void)
{
	init_fresh(3, &v3);
	gic_cpu_init();
	model.events[0] = '\0';
	ok(!irq_send_sgi(0x8100070f, 5) && model.sgi1r == (5UL << 24 | 0x0007UL << 16 | 1UL << 15),
	   "SGI 5 to 0.0.7.15: %lx", model.sgi1r);
	ok(model_events("dsb sgi isb "), "DSB before, ISB after");
	ok(!irq_send_sgi(0xab80030201, 15) &&
		   model.sgi1r == (0xabUL << 48 | 3UL << 32 | 15UL << 24 | 2UL << 16 | 1UL << 1),
	   "SGI 15 to ab.3.2.1, bits besides ignored: %lx", model.sgi1r);
	ok(irq_send_sgi(0x10, 1) == -ERANGE, "Aff0 of 16 without a range selector: -ERANGE");
	for (model.range_selector = 1; model.range_selector < 3; model.range_selector++)
		ok(irq_send_sgi(0x10, 1) == -ERANGE, "with one at one end only: -ERANGE");
	ok(!irq_send_sgi(0x2a, 1) && model.sgi1r == (2UL << 44 | 1UL << 24 | 1UL << 10),
	   "Aff0 of 42 with one: %lx", model.sgi1r);
	ok(irq_send_sgi(0, 16) == -EINVAL, "SGI 16: -EINVAL");
}

static void test_v2(void)
{
	bool good = true;

	ok(!init_fresh(2, &v2) && !strcmp(irq_controller_name(), "GICv2"), "GICv2 starts");
	ok(model.dist_ctlr == 1 && !model.dist_enabled[1] && !model.dist_enabled[2],
	   "the distributor is on, SPIs are off");
	ok(irq_send_sgi(model.mpidr[2], 1) == -ESRCH, "an SGI to a CPU not yet seen: -ESRCH");
	for (model.cpu = 0; model.cpu < MODEL_CPUS; model.cpu++)
		good &= !gic_cpu_init() && model.banked_enabled[model.cpu] == 0xffff;
	model.cpu = 0;
	ok(good && model.cpuif_ctlr == 1 && model.cpuif_pmr == 0xff, "every CPU starts");
	for (unsigned cpu = 0; cpu < MODEL_CPUS; cpu++) {
		model.events[0] = '\0';
		ok(!irq_send_sgi(model.mpidr[cpu], 9) && model.sgir == (1u << (cpu + 17) | 9) &&
			   model_events("dsb sgi "),
		   "SGI 9 to CPU %u: %x", cpu, model.sgir);
	}
	ok(irq_send_sgi(0x900, 9) == -ESRCH, "an SGI to nobody: -ESRCH");
	model.secure = 0x8000;
	irq_disable(15);
	ok(irq_enable(15) == -EPERM && !irq_enable(14), "an SGI that firmware keeps: -EPERM");
	ok(!irq_enable(30) && model.banked_enabled[0] & 1u << 30, "a PPI on");
	ok(!irq_disable(30) && !(model.banked_enabled[0] & 1u << 30), "and off");
	model.one_interface = true;
	model.mpidr[0] = 0x80000000;
	ok(!gic_cpu_init() && !irq_send_sgi(0, 0) && model.sgir == 1u << 16,
	   "one interface only: it is the first");
	unbroken("GICv2");
	for (unsigned maps = 0; maps < 2; maps++) {
		model_reset(2);
		model_maps_left = maps;
		ok(init(&v2) == -ENOMEM, "map %u fails: -ENOMEM", maps + 1);
	}
}

/* The tree of @board, its GIC where the model is. */
static void plant_board(const char *board)
{
	const uint64_t reg[] = { cpu_to_fdt64(MODEL_DIST), cpu_to_fdt64(MODEL_FRAME),
				 cpu_to_fdt64(MODEL_REGION), cpu_to_fdt64(0x100000) };
	static _Alignas(8) char tree[256 * 1024];
	size_t size;
	uint8_t *compiled = compile_dts("tests/boards", board, "", &size);
	int node;

	fdt_open_into(compiled, tree, sizeof(tree));
	free(compiled);
	node = fdt_path_offset(tree, "/interrupt-controller@fe600000");
	fdt_setprop(tree, node, "reg", reg, sizeof(reg));
	if (fdt_open(&fdt, tree, sizeof(tree)))
		ok(false, "%s: %s", board, fdt.error);
}

/* Boards as they are: four cells, the PMU's PPI partitioned, affinity in Aff1. */
static void test_boards(void)
{
	static const char *const boards[] = { "rk3588-rock-5b.extract.dts",
					      "rk3588-nanopc-t6.extract.dts",
					      "rk3588s-orangepi-5.extract.dts" };
	static const struct {
		const char *path;
		unsigned index, intid;
	} wanted[] = { { "/timer", 2, 27 },
		       { "/pmu-a55", 0, 23 },
		       { "/pmu-a76", 0, 23 },
		       { "/serial@feb50000", 0, 365 } };
	uint32_t partitions[ARRAY_SIZE(wanted)];

	for (unsigned b = 0; b < ARRAY_SIZE(boards); b++) {
		bool good;

		model_reset(3);
		plant_board(boards[b]);
		good = !gic_init(&fdt, model_map);
		for (model.cpu = 0; model.cpu < MODEL_CPUS; model.cpu++)
			good &= !gic_cpu_init();
		ok(good && !irq_send_sgi(0x81000300, 2), "%s: starts", boards[b]);
		for (unsigned i = 0; i < ARRAY_SIZE(wanted); i++) {
			struct gic_interrupt found = { 0 };
			int error = gic_interrupt(&fdt, fdt_find_path(&fdt, wanted[i].path),
						  wanted[i].index, &found);

			partitions[i] = found.partition;
			ok(!error && found.intid == wanted[i].intid && found.flags == 4,
			   "%s: %s is %u", boards[b], wanted[i].path, found.intid);
		}
		ok(!partitions[0] && partitions[1] && partitions[2] &&
			   partitions[1] != partitions[2] && !partitions[3],
		   "%s: the PMU's interrupt is another one in each cluster", boards[b]);
		unbroken(boards[b]);
	}
}

int main(void)
{
	test_decode();
	test_v3_start();
	test_v3_walk();
	test_v3_errors();
	test_v3_sgi();
	test_v2();
	if (system("command -v dtc >/dev/null"))
		ok(true, "board trees # SKIP no dtc");
	else
		test_boards();
	return tap_done();
}
