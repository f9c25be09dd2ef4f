// SPDX-License-Identifier: MIT
/*
 * PMU events: names to numbers, which CPU has which, and the plan of `events=`.
 */
// sources: drivers/pmu/events.c bench/pmu/plan.c
#include <string.h>

#include "bench/pmu/events.h"
#include "tests/host/tap.h"

#define A55 0x412fd050UL
#define A76 0x414fd0b1UL
#define A72 0x410fd083UL

static const struct pmu_id silicon_a76 = {
	.version = 4, .counters = 6, .midr = A76, .ceid = { 0xffffffff7fffffff, 0xffffffffffffffff }
};
/* QEMU 7.2's with icount. */
static const struct pmu_id qemu_a76 = {
	.version = 4, .counters = 6, .midr = A76, .ceid = { 0x20101, 0x18 }
};

static bool finds(const char *name, unsigned number)
{
	struct pmu_event event;

	return pmu_find_event(name, strlen(name), &event) && event.number == number &&
	       !strcmp(event.name, name);
}

static void test_names(void)
{
	static const struct {
		const char *name;
		unsigned number;
	} known[] = {
		{ "sw_incr", 0 },
		{ "l1i_tlb_refill", 2 },
		{ "l1d_tlb_refill", 5 },
		{ "inst_retired", 8 },
		{ "cpu_cycles", 0x11 },
		{ "mem_access", 0x13 },
		{ "l1d_tlb", 0x25 },
		{ "l2d_tlb_refill", 0x2d },
		{ "l2d_tlb", 0x2f },
		{ "dtlb_walk", 0x34 },
		{ "itlb_walk", 0x35 },
		{ "ttbr_write_retired", 0x1c },
		{ "stall", 0x3c },
		{ "l1d_tlb_refill_rd", 0x4c },
		{ "l2d_tlb_wr", 0x5f },
		{ "mem_access_rd", 0x66 },
		{ "dsb_spec", 0x7d },
		{ "l2d_llwalk_tlb", 0xd0 },
		{ "l2d_s2_tlb_refill", 0xd5 },
		{ "stall_backend_mem", 0x4005 },
		{ "r0", 0 },
		{ "r2d", 0x2d },
		{ "rffff", 0xffff },
		{ "r002d", 0x2d },
	};
	static const char *const unknown[] = {
		"",    "r",   "r12345", "R8",		"r8g",	"rAB",		 "r-1",
		"r 1", "l1d", "chain",	"INST_RETIRED", "0x08", "inst_retired ", "inst_retire"
	};
	struct pmu_event event;

	for (unsigned i = 0; i < ARRAY_SIZE(known); i++)
		ok(finds(known[i].name, known[i].number), "'%s' is 0x%x", known[i].name,
		   known[i].number);
	for (unsigned i = 0; i < ARRAY_SIZE(unknown); i++)
		ok(!pmu_find_event(unknown[i], strlen(unknown[i]), &event), "no '%s'", unknown[i]);
	ok(pmu_find_event("dtlb_walk,x", 9, &event) && !strcmp(event.name, "dtlb_walk"),
	   "a name ends where it is said to");
	ok(pmu_find_event("r11", 3, &event) && event.cycles, "a number of the table is its event");
}

/* Every name of the table, found through the numbers, is unique and fits. */
static void test_table(void)
{
	unsigned names = 0, wrong = 0;
	struct pmu_event event, again;
	char raw[8];

	for (unsigned number = 0; number < 0x10000; number++) {
		snprintf(raw, sizeof(raw), "r%x", number);
		if (!pmu_find_event(raw, strlen(raw), &event) || event.number != number) {
			wrong++;
			continue;
		}
		names += event.cores && !(event.cores & PMU_RAW);
		/* What PMCEID tells is of no core; what it does not is of one, or raw. */
		wrong += (number < 0x40 || (number >= 0x4000 && number < 0x4040)) !=
			 (event.cores == PMU_COMMON);
	}
	again = event;
	ok(!wrong && again.number == 0xffff, "%u numbers are wrong", wrong);
	ok(names >= 40, "%u events are a core's own", names);
}

static bool missing(const char *name, const struct pmu_id *id, const char *want)
{
	struct pmu_event event;
	char why[80] = "";
	bool is_missing;

	if (!pmu_find_event(name, strlen(name), &event))
		return false;
	is_missing = pmu_event_missing(&event, id, why, sizeof(why));
	if (strcmp(why, want ? want : ""))
		printf("# %s: %s\n", name, why);
	return is_missing == (want != NULL) && !strcmp(why, want ? want : "");
}

static void test_missing(void)
{
	static const char *const emulated = "emulated: no event of its core's own is in this PMU";
	struct pmu_id id = silicon_a76;

	ok(missing("dtlb_walk", &id, NULL) && missing("r34", &id, NULL) &&
		   missing("stall_backend_mem", &id, NULL),
	   "what PMCEID has is there");
	ok(missing("l1d_tlb_refill_rd", &id, NULL) && missing("mem_access_wr", &id, NULL),
	   "an A76 has its own");
	ok(missing("l2d_llwalk_tlb", &id, "Cortex-A55 only"), "and not an A55's");
	ok(missing("rc1", &id, NULL), "a number that nobody knows is counted");
	ok(missing("r1e", &id, "event 0x1e counts another counter's overflows"), "CHAIN is not");
	id.midr = A55;
	ok(missing("l2d_llwalk_tlb", &id, NULL), "an A55 has its own");
	ok(missing("dsb_spec", &id, "Cortex-A76 only"), "and not an A76's");
	id.midr = A72;
	ok(missing("mem_access_rd", &id, "Cortex-A55 and Cortex-A76 only"), "an A72 has neither's");
	id.midr = A76 ^ 1UL << 24;
	ok(missing("dsb_spec", &id, "Cortex-A76 only"), "another implementer's part is no A76");
	ok(missing("l1d_tlb_refill", &qemu_a76, "PMCEID0_EL0 lacks event 0x05") &&
		   missing("dtlb_walk", &qemu_a76, "PMCEID1_EL0 lacks event 0x34") &&
		   missing("l1i_cache_lmiss", &qemu_a76, "PMCEID0_EL0 lacks event 0x4006") &&
		   missing("r4025", &qemu_a76, "PMCEID1_EL0 lacks event 0x4025"),
	   "what PMCEID lacks, and where");
	ok(missing("inst_retired", &qemu_a76, NULL) && missing("stall_backend", &qemu_a76, NULL),
	   "what an emulator has");
	ok(missing("dsb_spec", &qemu_a76, emulated) && missing("rc1", &qemu_a76, emulated),
	   "an emulator's MIDR is not believed");
	id = silicon_a76;
	id.version = 1;
	ok(missing("stall_backend_mem", &id, "event 0x4005 needs PMUv3p1") &&
		   missing("r400", &id, "event 0x400 needs PMUv3p1") && missing("r3ff", &id, NULL),
	   "a first PMUv3 has events of 10 bits, and no upper half of PMCEID");
	ok(!pmu_id_has(&id, 0x4005) && pmu_id_has(&id, 0x3f) && pmu_id_has(&silicon_a76, 0x4005) &&
		   !pmu_id_has(&silicon_a76, 0x40) && !pmu_id_has(&silicon_a76, 0x4040),
	   "what PMCEID speaks of");
	id.version = PMU_VERSION_NONE;
	ok(missing("inst_retired", &id, "no PMUv3") && missing("rc1", &id, "no PMUv3"), "no PMU");
}

static void test_list(void)
{
	static struct bench_events events;
	static char list[8 * (EVENTS_MAX + 2)];

	ok(read_event_list("dtlb_walk,r8,inst_retired", &events) && events.count == 3 &&
		   !strcmp(events.events[1].event.name, "r8") && events.events[2].event.number == 8,
	   "a list, in order");
	ok(!read_event_list("", &events) && !read_event_list(",", &events) &&
		   !read_event_list("r8,", &events) && !read_event_list(",r8", &events) &&
		   !read_event_list("r8,,r9", &events),
	   "no empty name");
	ok(!read_event_list("r8,nonsense,r9", &events), "no unknown name");
	ok(!read_event_list("r8,r9,r8", &events), "no name twice: it is a record's field");
	for (unsigned i = 0; i < EVENTS_MAX; i++)
		snprintf(list + strlen(list), 8, "%sr%x", i ? "," : "", 0x100 + i);
	ok(read_event_list(list, &events) && events.count == EVENTS_MAX, "as many as there may be");
	strcat(list, ",r1");
	ok(!read_event_list(list, &events), "and not one more");
}

static bool all_absent(const struct bench_events *events, const char *why)
{
	for (unsigned i = 0; i < events->count; i++)
		if (strcmp(events->events[i].absent, why))
			return false;
	return true;
}

static void test_resolve(void)
{
	static struct bench_events e;

	read_event_list("inst_retired,cpu_cycles,dtlb_walk,r11", &e);
	resolve_events(&e, &silicon_a76, NULL, NULL, NULL);
	ok(all_absent(&e, ""), "silicon has them all");
	resolve_events(&e, &silicon_a76, "none obeys", "no cycles", "miscounts");
	ok(all_absent(&e, "none obeys"), "no counter: none");
	resolve_events(&e, &silicon_a76, NULL, "no cycles", "miscounts");
	ok(!strcmp(e.events[0].absent, "miscounts") && !strcmp(e.events[1].absent, "no cycles") &&
		   !e.events[2].absent[0] && !strcmp(e.events[3].absent, "no cycles"),
	   "no exact instructions, no cycles, under either name");
	resolve_events(&e, &qemu_a76, NULL, "no cycles", NULL);
	ok(!strcmp(e.events[2].absent, "PMCEID1_EL0 lacks event 0x34") && !e.events[0].absent[0],
	   "what the CPU lacks comes first");
}

/* Each counted event has one slot, no slot is taken twice, none is outside of @counters. */
static bool plan_is_good(const struct bench_events *e, uint32_t counters)
{
	uint32_t taken[EVENTS_MAX] = { 0 };
	unsigned counted = 0, width = __builtin_popcount(counters);

	for (unsigned i = 0; i < e->count; i++) {
		const struct bench_event *event = &e->events[i];
		uint32_t bit = 1u << event->counter;

		if (event->absent[0])
			continue;
		if (event->round >= e->rounds || !(bit & counters) || taken[event->round] & bit)
			return false;
		taken[event->round] |= bit;
		counted++;
	}
	return counted == e->counted && e->counters == width &&
	       e->rounds == DIV_ROUND_UP(counted, width);
}

static void test_plan(void)
{
	unsigned long long state = 1;
	static struct bench_events e;
	unsigned wrong = 0;

	for (unsigned i = 0; i < 20000; i++) {
		uint32_t counters = tap_random(&state) & tap_random(&state) & 0x7ffffffe;

		memset(&e, 0, sizeof(e));
		e.count = tap_random(&state) % (EVENTS_MAX + 1);
		for (unsigned n = 0; n < e.count; n++)
			if (tap_random(&state) % 4 == 0)
				strcpy(e.events[n].absent, "not here");
		if (!counters)
			counters = 2;
		plan_events(&e, counters);
		wrong += !plan_is_good(&e, counters);
	}
	ok(!wrong, "%u of 20,000 plans are wrong", wrong);
	read_event_list("r1,r2,r3,r4,r5,r6,r7", &e);
	plan_events(&e, 0x3e);
	ok(e.counted == 7 && e.counters == 5 && e.rounds == 2 && e.events[4].counter == 5 &&
		   e.events[5].round == 1 && e.events[5].counter == 1,
	   "7 events over 5 counters: 2 rounds");
	plan_events(&e, 0);
	ok(e.counted == 0 && e.rounds == 0, "without counters there is no round");
	ok(limit_counters(0x3e, 2) == 6 && limit_counters(0x3e, 31) == 0x3e &&
		   limit_counters(0x2c, 1) == 4 && limit_counters(0, 5) == 0,
	   "counters=N takes the lowest");
}

int main(void)
{
	test_names();
	test_table();
	test_missing();
	test_list();
	test_resolve();
	test_plan();
	return tap_done();
}
