// SPDX-License-Identifier: MIT
/*
 * Suites pmu and clock: the counters of the CPU that runs obey and are exact, also after an
 * entry at EL2; events that are not there say why; the timer's frequency is believable.
 */
#include "drivers/pmu/clock.h"
#include "drivers/pmu/known-loop.h"
#include "drivers/pmu/pmu.h"
#include "lib/arm64/cpu.h"
#include "lib/platform.h"
#include "tests/support.h"

#define SHORT_ROUNDS 1000UL
#define LONG_ROUNDS  3000UL

/* Why the suite cannot run here; NULL: it can, and @id is filled. */
static const char *why_no_pmu(struct pmu_id *id)
{
	pmu_identify(id);
	if (!id->version)
		return "this CPU has no PMUv3";
	if (platform.entry_el == 2)
		CHECK(id->counters > 0); /* nobody but boot has set HPMN */
	return id->counters ? NULL : "a hypervisor keeps the event counters";
}

static uint32_t all_counters(const struct pmu_id *id)
{
	return (1u << id->counters) - 1;
}

/* Programs all counters but the first with @event, and runs the loop under them. */
static void count_loop(const struct pmu_id *id, unsigned event, uint64_t rounds)
{
	uint32_t mask = all_counters(id) & ~1u;
	uint64_t irq = local_irq_save();

	for (unsigned i = 1; i < id->counters; i++)
		pmu_set_event(i, event);
	pmu_start_events(mask);
	known_loop(rounds);
	pmu_stop_events(mask);
	local_irq_restore(irq);
}

/* What @counter has; a failed check if it overflowed. */
static uint32_t count_of(unsigned counter)
{
	uint32_t count;

	CHECK(pmu_read_event(counter, &count));
	return count;
}

/* Those that EL1 does not own read as zero: with HPMN below N some would be missing here. */
TEST(pmu_counters, "pmu/every-counter-obeys")
{
	struct pmu_id id;
	const char *why = why_no_pmu(&id);

	if (why)
		SKIP("%s", why);
	CHECK_EQ(pmu_good_counters(), all_counters(&id));
	write_sysreg(UINT32_MAX, pmcntenset_el0);
	sysreg_sync();
	CHECK_EQ(read_sysreg(pmcntenset_el0), all_counters(&id) | 1UL << 31);
	write_sysreg(UINT32_MAX, pmcntenclr_el0);
	sysreg_sync();
	CHECK_EQ(read_sysreg(pmcntenset_el0), 0);
	ktap_note("entered at EL%u: %u event counters", platform.entry_el, id.counters);
}

TEST(pmu_filters, "pmu/filters-count-el1")
{
	struct pmu_id id;
	const char *why = why_no_pmu(&id);

	if (why)
		SKIP("%s", why);
	pmu_good_counters();
	CHECK_EQ(read_sysreg(pmccfiltr_el0), 0);
	CHECK_EQ(read_sysreg(pmevtyper0_el0), PMU_INST_RETIRED);
	CHECK_EQ(read_sysreg(pmuserenr_el0), 0);
	CHECK_EQ(read_sysreg(pmintenset_el1), 0);
	for (unsigned i = 1; i < id.counters; i++) {
		pmu_set_event(i, PMU_CPU_CYCLES);
		/* Selected still: filters in 31:26, the event below. */
		CHECK_EQ(read_sysreg(pmxevtyper_el0), PMU_CPU_CYCLES);
	}
	pmu_stop();
}

TEST(pmu_exact, "pmu/instructions-of-a-loop")
{
	struct pmu_id id;
	const char *why = why_no_pmu(&id);
	uint32_t few[PMU_COUNTERS_MAX];

	if (why)
		SKIP("%s", why);
	if (!pmu_has_event(PMU_INST_RETIRED))
		SKIP("event INST_RETIRED (0x08) is not implemented");
	CHECK_EQ(pmu_start(), 0);
	count_loop(&id, PMU_INST_RETIRED, SHORT_ROUNDS);
	for (unsigned i = 1; i < id.counters; i++)
		few[i] = count_of(i);
	count_loop(&id, PMU_INST_RETIRED, LONG_ROUNDS);
	for (unsigned i = 1; i < id.counters; i++)
		CHECK_EQ(count_of(i) - few[i], (LONG_ROUNDS - SHORT_ROUNDS) * KNOWN_LOOP_INSNS);
	CHECK(id.counters > 1);
	pmu_stop();
}

/* One write starts them: what one counts, all count. And stopped is stopped. */
TEST(pmu_together, "pmu/start-and-stop-together")
{
	struct pmu_id id;
	const char *why = why_no_pmu(&id);
	uint32_t first;

	if (why)
		SKIP("%s", why);
	if (!pmu_has_event(PMU_INST_RETIRED))
		SKIP("host time: it passes from counter to counter");
	if (id.counters < 2)
		SKIP("one event counter only");
	CHECK_EQ(pmu_start(), 0);
	count_loop(&id, PMU_CPU_CYCLES, LONG_ROUNDS);
	first = count_of(1);
	CHECK(first >= LONG_ROUNDS / 2);
	for (unsigned i = 2; i < id.counters; i++)
		CHECK_EQ(count_of(i), first);
	known_loop(LONG_ROUNDS);
	for (unsigned i = 1; i < id.counters; i++)
		CHECK_EQ(count_of(i), first);
	pmu_reset_events(all_counters(&id) & ~1u);
	for (unsigned i = 1; i < id.counters; i++)
		CHECK_EQ(count_of(i), 0);
	pmu_stop();
}

TEST(pmu_overflow, "pmu/overflow-is-seen")
{
	const uint32_t near = UINT32_MAX - SHORT_ROUNDS;
	struct pmu_id id;
	const char *why = why_no_pmu(&id);
	unsigned last;
	uint32_t count;

	if (why)
		SKIP("%s", why);
	if (!pmu_has_event(PMU_INST_RETIRED))
		SKIP("event INST_RETIRED (0x08) is not implemented");
	CHECK_EQ(pmu_start(), 0);
	last = id.counters - 1;
	pmu_set_event(last, PMU_INST_RETIRED);
	write_sysreg(near, pmxevcntr_el0); /* selected still */
	sysreg_sync();
	CHECK(pmu_read_event(last, &count));
	CHECK_EQ(count, near);
	pmu_start_events(1u << last);
	known_loop(SHORT_ROUNDS);
	pmu_stop_events(1u << last);
	CHECK(!pmu_read_event(last, &count));
	CHECK(count < LONG_ROUNDS); /* a plausible figure, and wrong */
	pmu_reset_events(1u << last);
	CHECK(pmu_read_event(last, &count));
	CHECK_EQ(count, 0);
	pmu_stop();
}

/* Each event that PMCEID speaks of: there, or absent with a reason that names it. */
TEST(pmu_absent, "pmu/absent-events-say-why")
{
	unsigned present = 0, absent = 0;
	struct pmu_event event = { .name = "", .cores = PMU_COMMON };
	struct pmu_id id;
	char why[80];

	pmu_identify(&id);
	for (unsigned number = 0; number < 0x40; number++) {
		bool missing;

		why[0] = '\0';
		event.number = number;
		missing = pmu_event_missing(&event, &id, why, sizeof(why));
		CHECK_EQ(missing, !pmu_id_has(&id, number) || number == PMU_CHAIN);
		CHECK_EQ(why[0] != '\0', missing);
		present += !missing;
		absent += missing;
	}
	CHECK(absent > 0 && (present > 0) == (id.version != 0));
	ktap_note("%u common events, %u absent, PMUVer %u", present, absent, id.version);
}

TEST(clock_believable, "clock/believable-or-absent")
{
	struct core_clock clock;
	bool started = !pmu_start();

	clock_measure(&clock);
	CHECK(!clock.no_time);
	CHECK(clock.cntfrq_hz >= CNTFRQ_MIN_HZ && clock.cntfrq_hz <= CNTFRQ_MAX_HZ);
	CHECK_EQ(clock.emulated, is_emulated());
	CHECK_EQ(!clock.core_hz, clock.no_core_hz != NULL);
	if (clock.emulated)
		CHECK_EQ(clock.core_hz, 0);
	else
		CHECK(clock.core_hz >= CORE_MIN_HZ && clock.core_hz <= CORE_MAX_HZ);
	CHECK_EQ(clock.ns_per_instruction > 0,
		 clock.emulated && started && pmu_has_event(PMU_INST_RETIRED));
	if (started)
		pmu_stop();
}

/* Nothing changes a clock here. Under icount both counters are one, at 1 GHz. */
TEST(clock_steady, "clock/steady")
{
	struct clock_sample start;
	uint64_t first, again;
	struct pmu_id id;
	const char *why = why_no_pmu(&id);

	if (why)
		SKIP("%s", why);
	if (is_emulated() && !pmu_has_event(PMU_INST_RETIRED))
		SKIP("host time: it passes between two counters");
	CHECK_EQ(pmu_start(), 0);
	start = clock_sample();
	first = clock_since(&start);
	start = clock_sample();
	again = clock_since(&start);
	CHECK(first > 0);
	CHECK(!clock_drifted(again, first));
	if (is_emulated())
		CHECK(!clock_drifted(first, 1000000000));
	ktap_note("%lu Hz, then %lu Hz", first, again);
	pmu_stop();
}
