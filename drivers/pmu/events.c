// SPDX-License-Identifier: MIT
/*
 * The table of events. Numbers and names: Arm ARM DDI 0487, D13.11 and K3 (common and
 * recommended events); which core has those that PMCEID does not tell: Cortex-A55 TRM (Arm
 * 100442) C2.3, Cortex-A76 TRM (Arm 100798) C2.3.
 */
#include "drivers/pmu/events.h"

#include <stdio.h>
#include <string.h>

#define BOTH (PMU_A55 | PMU_A76)

/* clang-format off */
static const struct pmu_event table[] = {
	{ .number = 0x00, .name = "sw_incr" },
	{ .number = 0x01, .name = "l1i_cache_refill" },
	{ .number = 0x02, .name = "l1i_tlb_refill" },
	{ .number = 0x03, .name = "l1d_cache_refill" },
	{ .number = 0x04, .name = "l1d_cache" },
	{ .number = 0x05, .name = "l1d_tlb_refill" },
	{ .number = 0x06, .name = "ld_retired" },
	{ .number = 0x07, .name = "st_retired" },
	{ .number = 0x08, .name = "inst_retired" },
	{ .number = 0x09, .name = "exc_taken" },
	{ .number = 0x0a, .name = "exc_return" },
	{ .number = 0x0b, .name = "cid_write_retired" },
	{ .number = 0x0c, .name = "pc_write_retired" },
	{ .number = 0x0d, .name = "br_immed_retired" },
	{ .number = 0x0e, .name = "br_return_retired" },
	{ .number = 0x0f, .name = "unaligned_ldst_retired" },
	{ .number = 0x10, .name = "br_mis_pred" },
	{ .number = 0x11, .name = "cpu_cycles", .cycles = true },
	{ .number = 0x12, .name = "br_pred" },
	{ .number = 0x13, .name = "mem_access" },
	{ .number = 0x14, .name = "l1i_cache" },
	{ .number = 0x15, .name = "l1d_cache_wb" },
	{ .number = 0x16, .name = "l2d_cache" },
	{ .number = 0x17, .name = "l2d_cache_refill" },
	{ .number = 0x18, .name = "l2d_cache_wb" },
	{ .number = 0x19, .name = "bus_access" },
	{ .number = 0x1a, .name = "memory_error" },
	{ .number = 0x1b, .name = "inst_spec" },
	{ .number = 0x1c, .name = "ttbr_write_retired" },
	{ .number = 0x1d, .name = "bus_cycles", .cycles = true },
	{ .number = 0x1f, .name = "l1d_cache_allocate" },
	{ .number = 0x20, .name = "l2d_cache_allocate" },
	{ .number = 0x21, .name = "br_retired" },
	{ .number = 0x22, .name = "br_mis_pred_retired" },
	{ .number = 0x23, .name = "stall_frontend", .cycles = true },
	{ .number = 0x24, .name = "stall_backend", .cycles = true },
	{ .number = 0x25, .name = "l1d_tlb" },
	{ .number = 0x26, .name = "l1i_tlb" },
	{ .number = 0x27, .name = "l2i_cache" },
	{ .number = 0x28, .name = "l2i_cache_refill" },
	{ .number = 0x29, .name = "l3d_cache_allocate" },
	{ .number = 0x2a, .name = "l3d_cache_refill" },
	{ .number = 0x2b, .name = "l3d_cache" },
	{ .number = 0x2c, .name = "l3d_cache_wb" },
	{ .number = 0x2d, .name = "l2d_tlb_refill" },
	{ .number = 0x2e, .name = "l2i_tlb_refill" },
	{ .number = 0x2f, .name = "l2d_tlb" },
	{ .number = 0x30, .name = "l2i_tlb" },
	{ .number = 0x31, .name = "remote_access" },
	{ .number = 0x32, .name = "ll_cache" },
	{ .number = 0x33, .name = "ll_cache_miss" },
	{ .number = 0x34, .name = "dtlb_walk" },
	{ .number = 0x35, .name = "itlb_walk" },
	{ .number = 0x36, .name = "ll_cache_rd" },
	{ .number = 0x37, .name = "ll_cache_miss_rd" },
	{ .number = 0x38, .name = "remote_access_rd" },
	{ .number = 0x39, .name = "l1d_cache_lmiss_rd" },
	{ .number = 0x3a, .name = "op_retired" },
	{ .number = 0x3b, .name = "op_spec" },
	{ .number = 0x3c, .name = "stall", .cycles = true },
	{ .number = 0x3d, .name = "stall_slot_backend", .cycles = true },
	{ .number = 0x3e, .name = "stall_slot_frontend", .cycles = true },
	{ .number = 0x3f, .name = "stall_slot", .cycles = true },
	{ .number = 0x4004, .name = "cnt_cycles", .cycles = true },
	{ .number = 0x4005, .name = "stall_backend_mem", .cycles = true },
	{ .number = 0x4006, .name = "l1i_cache_lmiss" },
	{ .number = 0x4009, .name = "l2d_cache_lmiss_rd" },
	{ .number = 0x400b, .name = "l3d_cache_lmiss_rd" },

	{ .number = 0x40, .name = "l1d_cache_rd", .cores = BOTH },
	{ .number = 0x41, .name = "l1d_cache_wr", .cores = BOTH },
	{ .number = 0x42, .name = "l1d_cache_refill_rd", .cores = BOTH },
	{ .number = 0x43, .name = "l1d_cache_refill_wr", .cores = BOTH },
	{ .number = 0x44, .name = "l1d_cache_refill_inner", .cores = BOTH },
	{ .number = 0x45, .name = "l1d_cache_refill_outer", .cores = BOTH },
	{ .number = 0x46, .name = "l1d_cache_wb_victim", .cores = PMU_A76 },
	{ .number = 0x47, .name = "l1d_cache_wb_clean", .cores = PMU_A76 },
	{ .number = 0x48, .name = "l1d_cache_inval", .cores = PMU_A76 },
	{ .number = 0x4c, .name = "l1d_tlb_refill_rd", .cores = PMU_A76 },
	{ .number = 0x4d, .name = "l1d_tlb_refill_wr", .cores = PMU_A76 },
	{ .number = 0x4e, .name = "l1d_tlb_rd", .cores = PMU_A76 },
	{ .number = 0x4f, .name = "l1d_tlb_wr", .cores = PMU_A76 },
	{ .number = 0x50, .name = "l2d_cache_rd", .cores = BOTH },
	{ .number = 0x51, .name = "l2d_cache_wr", .cores = BOTH },
	{ .number = 0x52, .name = "l2d_cache_refill_rd", .cores = BOTH },
	{ .number = 0x53, .name = "l2d_cache_refill_wr", .cores = BOTH },
	{ .number = 0x56, .name = "l2d_cache_wb_victim", .cores = PMU_A76 },
	{ .number = 0x57, .name = "l2d_cache_wb_clean", .cores = PMU_A76 },
	{ .number = 0x58, .name = "l2d_cache_inval", .cores = PMU_A76 },
	{ .number = 0x5c, .name = "l2d_tlb_refill_rd", .cores = PMU_A76 },
	{ .number = 0x5d, .name = "l2d_tlb_refill_wr", .cores = PMU_A76 },
	{ .number = 0x5e, .name = "l2d_tlb_rd", .cores = PMU_A76 },
	{ .number = 0x5f, .name = "l2d_tlb_wr", .cores = PMU_A76 },
	{ .number = 0x66, .name = "mem_access_rd", .cores = BOTH },
	{ .number = 0x67, .name = "mem_access_wr", .cores = BOTH },
	{ .number = 0x70, .name = "ld_spec", .cores = BOTH },
	{ .number = 0x71, .name = "st_spec", .cores = BOTH },
	{ .number = 0x72, .name = "ldst_spec", .cores = BOTH },
	{ .number = 0x73, .name = "dp_spec", .cores = BOTH },
	{ .number = 0x74, .name = "ase_spec", .cores = BOTH },
	{ .number = 0x7c, .name = "isb_spec", .cores = PMU_A76 },
	{ .number = 0x7d, .name = "dsb_spec", .cores = PMU_A76 },
	{ .number = 0x7e, .name = "dmb_spec", .cores = PMU_A76 },
	{ .number = 0xd0, .name = "l2d_llwalk_tlb", .cores = PMU_A55 },
	{ .number = 0xd1, .name = "l2d_llwalk_tlb_refill", .cores = PMU_A55 },
	{ .number = 0xd2, .name = "l2d_l2walk_tlb", .cores = PMU_A55 },
	{ .number = 0xd3, .name = "l2d_l2walk_tlb_refill", .cores = PMU_A55 },
	{ .number = 0xd4, .name = "l2d_s2_tlb", .cores = PMU_A55 },
	{ .number = 0xd5, .name = "l2d_s2_tlb_refill", .cores = PMU_A55 },
	{ .number = 0xe2, .name = "stall_frontend_tlb", .cores = PMU_A55, .cycles = true },
	{ .number = 0xea, .name = "stall_backend_ld_tlb", .cores = PMU_A55, .cycles = true },
	{ .number = 0xec, .name = "stall_backend_st_tlb", .cores = PMU_A55, .cycles = true },
};
/* clang-format on */

/* The part of MIDR_EL1 that names a core: implementer and part number. */
#define MIDR_CORE 0xff00fff0UL
#define MIDR_A55  0x4100d050UL
#define MIDR_A76  0x4100d0b0UL

static const struct pmu_event *find_number(unsigned number)
{
	for (unsigned i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].number == number)
			return &table[i];
	return NULL;
}

/* `r` and one to four digits; -1: something else. Upper case would be a second name for one event.
 */
static long raw_number(const char *name, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	long number = 0;

	if (len < 2 || len > 5 || name[0] != 'r')
		return -1;
	for (size_t i = 1; i < len; i++) {
		const char *digit = memchr(digits, name[i], 16);

		if (!digit)
			return -1;
		number = number * 16 + (digit - digits);
	}
	return number;
}

static bool has_register(unsigned number)
{
	return number < 0x40 || (number >= 0x4000 && number < 0x4040);
}

bool pmu_find_event(const char *name, size_t len, struct pmu_event *event)
{
	const struct pmu_event *known = NULL;
	long raw = raw_number(name, len);

	for (unsigned i = 0; i < ARRAY_SIZE(table); i++)
		if (strlen(table[i].name) == len && !memcmp(table[i].name, name, len))
			known = &table[i];
	if (!known && raw < 0)
		return false;
	if (!known)
		known = find_number(raw);
	if (known) {
		*event = *known;
	} else {
		memset(event, 0, sizeof(*event));
		event->number = raw;
		event->cores = has_register(raw) ? PMU_COMMON : PMU_RAW;
	}
	memset(event->name, 0, sizeof(event->name));
	memcpy(event->name, name, len); /* as it was given, also where a number was */
	return true;
}

bool pmu_id_has(const struct pmu_id *id, unsigned event)
{
	unsigned bit = event & 0x1f;

	if (id->version == PMU_VERSION_NONE || !has_register(event))
		return false;
	if (event >= 0x4000) {
		if (id->version < PMU_VERSION_3P1)
			return false; /* the upper halves are RES0, and some cores put rubbish there
				       */
		bit += 32;
	}
	return id->ceid[event >> 5 & 1] >> bit & 1;
}

static unsigned core_of(uint64_t midr)
{
	switch (midr & MIDR_CORE) {
	case MIDR_A55:
		return PMU_A55;
	case MIDR_A76:
		return PMU_A76;
	}
	return 0;
}

static const char *cores_text(unsigned cores)
{
	if (cores == BOTH)
		return "Cortex-A55 and Cortex-A76 only";
	return cores == PMU_A55 ? "Cortex-A55 only" : "Cortex-A76 only";
}

bool pmu_event_missing(const struct pmu_event *event, const struct pmu_id *id, char *why,
		       size_t size)
{
	unsigned number = event->number;

	if (id->version == PMU_VERSION_NONE)
		snprintf(why, size, "no PMUv3");
	else if (number == PMU_CHAIN)
		snprintf(why, size, "event 0x1e counts another counter's overflows");
	else if (number >= 0x400 && id->version < PMU_VERSION_3P1)
		snprintf(why, size, "event 0x%x needs PMUv3p1", number);
	else if (event->cores == PMU_COMMON && !pmu_id_has(id, number))
		snprintf(why, size, "PMCEID%u_EL0 lacks event 0x%02x", number >> 5 & 1, number);
	else if (event->cores & BOTH && !(event->cores & core_of(id->midr)))
		snprintf(why, size, "%s", cores_text(event->cores));
	else if (event->cores != PMU_COMMON && !pmu_id_has(id, PMU_L1D_TLB_REFILL))
		snprintf(why, size, "emulated: no event of its core's own is in this PMU");
	else
		return false;
	return true;
}
