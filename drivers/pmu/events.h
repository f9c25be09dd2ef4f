// SPDX-License-Identifier: MIT
/*
 * PMU events by name. Pure: what a CPU has is a struct pmu_id, which pmu_identify() reads.
 */
#pragma once

#include "lib/compiler.h"

/* Common events (Arm ARM D13.11). */
#define PMU_L1D_TLB_REFILL 0x05
#define PMU_INST_RETIRED   0x08
#define PMU_CPU_CYCLES	   0x11
#define PMU_CHAIN	   0x1e

#define PMU_VERSION_NONE  0
#define PMU_VERSION_3P1	  4  /* events of 16 bits, and those from 0x4000 in PMCEID */
#define PMU_VERSION_OTHER 15 /* a PMU, but not PMUv3 */

/* Counters are bits of a word, and bit 31 is the cycle counter. */
#define PMU_COUNTERS_MAX 31

/* What a CPU says of its PMU. */
struct pmu_id {
	unsigned version;  /* ID_AA64DFR0_EL1.PMUVer; PMU_VERSION_NONE also for _OTHER */
	unsigned counters; /* event counters that EL1 may use, PMCR_EL0.N: 0 to PMU_COUNTERS_MAX */
	uint64_t midr;
	uint64_t ceid[2]; /* PMCEID0_EL0, PMCEID1_EL0 */
};

/* Whose an event is: a bit a core, or common to all that PMCEID says it of. */
#define PMU_COMMON 0u
#define PMU_A55	   (1u << 0)
#define PMU_A76	   (1u << 1)
#define PMU_RAW	   (1u << 31) /* given by a number that nothing here knows */

#define PMU_EVENT_NAME_MAX 28

struct pmu_event {
	char name[PMU_EVENT_NAME_MAX]; /* lower case, as Linux's perf shows it; or r1f */
	uint16_t number;
	bool cycles;	/* counts cycles of some kind, not happenings */
	unsigned cores; /* PMU_COMMON, or a mask */
};

/*
 * Fills @event from the @len bytes at @name: a name of the table, or `r` and the number in one
 * to four digits of lower case hexadecimal. False: neither.
 */
bool pmu_find_event(const char *name, size_t len, struct pmu_event *event);

/* Whether PMCEID has the common @event: 0 to 0x3f, and from PMUv3p1 on 0x4000 to 0x403f. */
bool pmu_id_has(const struct pmu_id *id, unsigned event);

/*
 * Why @event cannot be counted on that CPU, as text without "\n" in @why; false: it can. A
 * core's own events are in no register: its MIDR is believed, unless the PMU has no TLB
 * events at all, which is an emulator's.
 */
bool pmu_event_missing(const struct pmu_event *event, const struct pmu_id *id, char *why,
		       size_t size);
