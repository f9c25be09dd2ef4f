// SPDX-License-Identifier: MIT
/*
 * The PMU's driver, the core's clock and the self-check of the benches against modelled
 * registers: those that obey, and those that do not.
 */
// sources: drivers/pmu/pmu.c drivers/pmu/events.c drivers/pmu/clock.c drivers/timer.c bench/selfcheck.c lib/fdt/fdt.c lib/fdt/fdt-open.c lib/fdt/fdt-memory.c lib/fdt/fdt-machine.c tests/host/pmu-model.c
// libs: -lfdt
#include <errno.h>
#include <string.h>

#define fdt_check_header libfdt_check_header /* the one name that both readers have */
#include <libfdt.h>
#undef fdt_check_header

#include "bench/selfcheck.h"
#include "drivers/pmu/clock.h"
#include "drivers/pmu/pmu.h"
#include "tests/host/pmu-model.h"
#include "tests/host/tap.h"

#define CORE_HZ (24000000UL * 41)

static void unbroken(const char *what)
{
	ok(!model.broken, "%s: %s", what, model.broken ? model.broken : "every access is good");
}

static void test_counters(void)
{
	uint32_t count;

	model_reset();
	ok(pmu_good_counters() == 0x3f, "all six obey");
	ok(model.evtyper[0] == PMU_INST_RETIRED && model.pmcntenset == 0x80000001,
	   "then only instructions and cycles count");
	for (unsigned i = 0; i < 6; i++) {
		model_reset();
		model.still = 1u << i;
		ok(pmu_good_counters() == (0x3f & ~(1u << i)), "counter %u stands still", i);
		model_reset();
		model.unstoppable = 1u << i;
		ok(pmu_good_counters() == (0x3f & ~(1u << i)), "counter %u does not stop", i);
		model_reset();
		model.no_reset = 1u << i;
		ok(pmu_good_counters() == (0x3f & ~(1u << i)), "counter %u keeps its value", i);
	}
	unbroken("counters");
	model_reset();
	model.counters = 31;
	ok(pmu_good_counters() == 0x7fffffff, "31 counters");
	unbroken("31 counters");
	model_reset();
	pmu_start();
	pmu_set_event(3, PMU_INST_RETIRED);
	pmu_set_event(0, PMU_CPU_CYCLES);
	ok(model.evtyper[3] == PMU_INST_RETIRED && model.evtyper[0] == PMU_INST_RETIRED,
	   "an event has its counter, and counter 0 is not to be had");
	model_run(1000);
	pmu_start_events(1u << 3);
	model_run(1000);
	pmu_stop_events(1u << 3);
	model_run(1000);
	ok(pmu_read_event(3, &count) && count == 1002, "counted between start and stop: %u", count);
	unbroken("an event");
}

static void test_overflow(void)
{
	uint32_t count;

	model_reset();
	pmu_start();
	pmu_set_event(1, PMU_INST_RETIRED);
	pmu_set_event(2, PMU_INST_RETIRED);
	pmu_start_events(6);
	model_run(0xfffffff0);
	pmu_stop_events(6);
	ok(pmu_read_event(1, &count) && count == 0xfffffff2, "just below 32 bits is a count");
	pmu_reset_events(6);
	pmu_start_events(2);
	model_run(UINT32_MAX);
	pmu_stop_events(2);
	ok(!pmu_read_event(1, &count), "more is none");
	ok(pmu_read_event(2, &count) && count == 0, "the overflow is one counter's alone");
	pmu_reset_events(2);
	ok(pmu_read_event(1, &count) && count == 0, "a reset forgets it");
	unbroken("overflow");
}

static void test_absent(void)
{
	struct pmu_id id;

	model_reset();
	for (unsigned version = 0; version <= 15; version += 15) {
		model.dfr0 = version << 8;
		ok(pmu_start() == -ENODEV && !pmu_good_counters() && !pmu_self_test() &&
			   !pmu_has_event(5),
		   "PMUVer %u: no PMU", version);
		pmu_stop();
	}
	unbroken("no PMU");
	model_reset();
	model.counters = 0;
	pmu_identify(&id);
	ok(pmu_start() == -ENODEV && id.counters == 0 && id.version == 4, "HPMN 0");
	unbroken("HPMN 0");
}

static void test_cntfrq(void)
{
	static const struct {
		uint64_t hz, tree;
		bool good;
	} cases[] = {
		{ 0, 0, false },
		{ 999999, 0, false },
		{ 1000000, 0, true },
		{ 24000000, 0, true },
		{ 24000000, 24000000, true },
		{ 24000000, 24000001, false },
		{ 1000000000, 0, true },
		{ 1000000001, 0, false },
		{ 0, 24000000, false },
		{ 32768, 32768, false },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
		ok(!clock_cntfrq_trouble(cases[i].hz, cases[i].tree) == cases[i].good,
		   "CNTFRQ %lu, tree %lu", cases[i].hz, cases[i].tree);
}

static void test_arithmetic(void)
{
	char mhz[24];

	ok(clock_hz(2016000, 48000, 24000000) == 1008000000, "1,008 MHz");
	ok(clock_hz(1, 3, 1) == 0 && clock_hz(5, 3, 1) == 1, "rounded down");
	ok(clock_hz(1, 0, 24000000) == 0 && clock_hz(0, 5, 24000000) == 0, "nothing of nothing");
	ok(clock_hz(24UL << 36, 1UL << 36, 1000000000) == 24000000000UL, "of a long window");
	ok(clock_hz(UINT64_MAX, UINT64_MAX, UINT32_MAX) == UINT32_MAX &&
		   clock_hz(UINT64_MAX, 1, 1) == 0 &&
		   clock_hz(0xffffffff00000000UL - 1, UINT32_MAX, UINT32_MAX) > 0 &&
		   clock_hz(5, 5, 1UL << 32) == 0,
	   "whatever comes, no overflow");
	ok(!clock_drifted(1000000, 1000000) && !clock_drifted(1001000, 1000000) &&
		   clock_drifted(1001001, 1000000) && !clock_drifted(999000, 1000000) &&
		   clock_drifted(998999, 1000000),
	   "0.1 %% is none, more is drift, both ways");
	ok(!clock_drifted(1000500 + 1000, 1000500) && clock_drifted(1000500 + 1001, 1000500),
	   "and where 0.1 %% is no whole number");
	ok(clock_drifted(0, 1) && !clock_drifted(7, 0) && clock_drifted(UINT64_MAX, 1) &&
		   !clock_drifted(UINT64_MAX, UINT64_MAX),
	   "at the ends");
	ok(clock_drift(1003500, 1000000) == 35 && clock_drift(996500, 1000000) == 35 &&
		   clock_drift(0, 1000000) == 10000 && clock_drift(1000049, 1000000) == 0 &&
		   clock_drift(1000050, 1000000) == 1,
	   "in hundredths of a percent, rounded");
	ok(clock_drift(UINT64_MAX, 1) == 1000000 && clock_drift(1, 0) == 1000000 &&
		   clock_drift(UINT64_MAX, UINT64_MAX - 1) == 0 &&
		   clock_drift(0, UINT64_MAX) == 10000,
	   "of anything");
	clock_mhz(mhz, 1008349999);
	ok(!strcmp(mhz, "1,008.3"), "%s", mhz);
	clock_mhz(mhz, 999950000);
	ok(!strcmp(mhz, "1,000.0"), "%s", mhz);
	clock_mhz(mhz, 24000000);
	ok(!strcmp(mhz, "24.0"), "%s", mhz);
	clock_mhz(mhz, UINT64_MAX);
	ok(!strcmp(mhz, "18,446,744,073,709.6") || strlen(mhz) < sizeof(mhz), "%s", mhz);
}

/* What the banner says, and what is not broken by it. */
static void banner(const char *want, const char *what)
{
	char text[CLOCK_TEXT_MAX];

	clock_text(text, sizeof(text));
	ok(!strcmp(text, want), "%s: %s", what, text);
	unbroken(what);
}

static void test_text(void)
{
	model_reset();
	banner("core clock 984.0 MHz measured (PMCCNTR over CNTVCT, CNTFRQ 24 MHz)", "silicon");
	ok(!(model.pmcntenset & 0x80000001), "the PMU is left stopped");
	model_reset();
	model.still = 1u << 31;
	banner("unknown: PMCCNTR_EL0 stands still", "no cycles");
	model_reset();
	model.timer_still = true;
	banner("unknown: the generic timer stands still or goes back; no times", "no timer");
	model_reset();
	model.cntfrq = 0;
	banner("unknown: CNTFRQ_EL0 is 0; no times", "firmware forgot it");
	model_reset();
	model.cntfrq |= 0xabcd00000000;
	banner("core clock 984.0 MHz measured (PMCCNTR over CNTVCT, CNTFRQ 24 MHz)",
	       "rubbish in the upper half");
	model_reset();
	model.cycles_per_tick = 1000000;
	banner("unknown: CNTVCT_EL0 is far slower than CNTFRQ_EL0 says; no times", "a slow timer");
	model_reset();
	model.dfr0 = 0;
	banner("unknown: this CPU has no PMUv3", "no PMU");
	model_reset();
	model.counters = 0;
	banner("unknown: a hypervisor keeps the PMU's counters", "HPMN 0");
	model_reset();
	model.ceid[0] = 0x20001;
	banner("emulated: the host's time, by CNTVCT and by PMCCNTR; no core's clock", "emulated");
}

static void test_tree(void)
{
	static _Alignas(8) char blob[1024];
	struct fdt fdt;

	for (uint32_t hz = 0; hz <= 24000001; hz += 24000001) {
		fdt_create(blob, sizeof(blob));
		fdt_finish_reservemap(blob);
		fdt_begin_node(blob, "");
		fdt_begin_node(blob, "timer");
		fdt_property_string(blob, "compatible", "arm,armv8-timer");
		if (hz)
			fdt_property_u32(blob, "clock-frequency", hz);
		fdt_end_node(blob);
		fdt_end_node(blob);
		fdt_finish(blob);
		model_reset();
		ok(!fdt_open(&fdt, blob, sizeof(blob)), "a tree with %u Hz", hz);
		clock_init(&fdt);
		banner(hz ? "unknown: CNTFRQ_EL0 and the device tree's clock-frequency differ; "
			    "no times"
			  : "core clock 984.0 MHz measured (PMCCNTR over CNTVCT, CNTFRQ 24 MHz)",
		       "the tree's word");
	}
	ok(fdt_open(&fdt, "nonsense", 8) != 0, "no tree");
	clock_init(&fdt);
	banner("core clock 984.0 MHz measured (PMCCNTR over CNTVCT, CNTFRQ 24 MHz)", "no tree");
}

static void test_window(void)
{
	struct clock_sample start;
	uint64_t hz;

	model_reset();
	pmu_start();
	start = clock_sample();
	hz = clock_since(&start);
	ok(!clock_drifted(hz, CORE_HZ), "a steady clock does not drift: %lu", hz);
	ok(model.cntvct - start.ticks >= 48000, "over 2 ms at least");
	start = clock_sample();
	model_run(1000000000);
	ok(!clock_drifted(clock_since(&start), CORE_HZ), "nor over a second");
	model.slower_after = model.cycles + 1;
	start = clock_sample();
	hz = clock_since(&start);
	ok(clock_drifted(hz, CORE_HZ) && clock_drift(hz, CORE_HZ) > 5000, "half of it does: %lu",
	   hz);
	unbroken("windows");
}

/* What the benches make of it: nothing contradicts itself, so that the run ends with status 0. */
static void expect(const char *instructions, const char *cycles, const char *time, const char *what)
{
	bench_selfcheck();
	ok(!counters.contradiction && counters.instructions == !instructions, "%s", what);
	ok(!strcmp(instructions ?: "", counters.no_instructions ?: ""), "%s: instructions: %s",
	   what, counters.no_instructions ?: "yes");
	ok(!strcmp(cycles ?: "", counters.no_cycles ?: ""), "%s: cycles: %s", what,
	   counters.no_cycles ?: "yes");
	ok(!strcmp(time ?: "", counters.no_time ?: ""), "%s: time: %s", what,
	   counters.no_time ?: "yes");
	unbroken(what);
}

static void test_selfcheck(void)
{
	static const char *const disobeys =
		"the PMU does not obey: its counters stand still or do not stop";
	static const char *const emulated = "emulated: virtual time says nothing about any core";
	static const char *const still = "PMCCNTR_EL0 stands still";

	model_reset();
	expect(NULL, NULL, NULL, "silicon");
	ok(!clock_drifted(counters.core_hz, CORE_HZ) && !counters.emulated, "its clock");
	model_reset();
	model.still = UINT32_MAX;
	expect(disobeys, still, NULL, "a PMU that does not count");
	model_reset();
	model.still = 1;
	expect(disobeys, NULL, NULL, "no instructions");
	model_reset();
	model.unstoppable = 1u << 31;
	expect(disobeys, NULL, NULL, "cycles that do not stop");
	model_reset();
	model.ceid[0] = 0x20101;
	model.still = UINT32_MAX;
	expect(disobeys, emulated, emulated, "an emulated PMU that does not count");
	model_reset();
	model.cntfrq = 0;
	expect(NULL, NULL, "CNTFRQ_EL0 is 0", "no CNTFRQ");
	model_reset();
	model.counters = 0;
	expect("a hypervisor keeps the PMU's counters", "a hypervisor keeps the PMU's counters",
	       NULL, "HPMN 0");
	model_reset();
	model.dfr0 = 0;
	expect("this CPU has no PMUv3", "this CPU has no PMUv3", emulated, "no PMU");
	model_reset();
	model.miscounts = 1;
	expect(NULL, NULL, NULL, "one more around each loop cancels out");
	model_reset();
	model.cycles_per_tick = 1;
	bench_selfcheck();
	ok(!counters.contradiction, "24 MHz are slow, and possible");
}

int main(void)
{
	test_counters();
	test_overflow();
	test_absent();
	test_cntfrq();
	test_arithmetic();
	test_text();
	test_window();
	test_selfcheck();
	test_tree();
	return tap_done();
}
