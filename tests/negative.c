// SPDX-License-Identifier: MIT
/*
 * What a negative probe is (negative.h).
 */
#include "tests/negative.h"

#include "lib/arm64/probe.h"
#include "mm/arm64/at.h"
#include "mm/arm64/door.h"
#include "mm/map/view/walk.h"
#include "tests/support.h"

/* ESR_EL1: exception classes, and the bits of an abort's syndrome. */
#define ESR_CLASS(esr)	  ((esr) >> 26 & 0x3f)
#define ESR_STATUS(esr)	  ((unsigned)(esr)&0x3f)
#define EC_FETCH_ABORT	  0x21
#define EC_DATA_ABORT	  0x25
#define ESR_FAR_NOT_VALID (1UL << 10)
#define ESR_CACHE_OP	  (1UL << 8)
#define ESR_DURING_WALK	  (1UL << 7) /* of stage 2 */
#define ESR_WRITE	  (1UL << 6)

/* PAR_EL1 of a failed translation. */
#define PAR_STATUS(par) ((unsigned)((par) >> 1 & 0x3f))
#define PAR_STAGE_2	(3UL << 8) /* PTW and S */

#define MAIR_OF(p) ((MAIR_EL1_VALUE >> (8 * (((p) >> 2) & 7))) & 0xff)

#define NOTES_SHOWN 10

enum access { READ, WRITE, EXEC };

const struct rights hole = { FAULT_TRANSLATION, FAULT_TRANSLATION, FAULT_TRANSLATION };
const struct rights read_only = { FAULT_NONE, FAULT_PERMISSION, FAULT_PERMISSION };
const struct rights text = { FAULT_NONE, FAULT_PERMISSION, FAULT_NONE };
const struct rights data = { FAULT_NONE, FAULT_NONE, FAULT_PERMISSION };

static uint64_t probes, wrong;

int walk_end(uint64_t va)
{
	/* EPD0 and addresses in neither half are reported at level 0 (Arm ARM D8.2.4). */
	if (va >> VA_BITS != UINT64_MAX >> VA_BITS)
		return 0;
	for (int level = LEVEL_ROOT; level < LEVEL_PTE; level++)
		if (!desc_is_table(get_desc(walk_slot(va, level))))
			return level;
	return LEVEL_PTE;
}

/* The fault status code (ESR_EL1.DFSC); 0 is none that we ask for. */
static unsigned status_of(enum fault_class class, int level)
{
	switch (class) {
	case FAULT_ADDRESS_SIZE:
		return 0x00 | level;
	case FAULT_TRANSLATION:
		return 0x04 | level;
	case FAULT_ACCESS_FLAG:
		return 0x08 | level;
	case FAULT_PERMISSION:
		return 0x0c | level;
	case FAULT_EXTERNAL:
		return 0x10; /* on the access, not on a walk: it has no level */
	default:
		return 0;
	}
}

/* Like CHECK(), with what it was about. */
static void judge(bool good, const char *what, uint64_t va, const char *how, uint64_t a, uint64_t b)
{
	__atomic_fetch_add(&probes, 1, __ATOMIC_RELAXED);
	if (good)
		return;
	if (__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED) < NOTES_SHOWN)
		ktap_note("CPU %u, %s, 0x%lx: %s: %lx, %lx", smp_processor_id(), what, va, how, a,
			  b);
}

static void ask_at(const char *what, uint64_t va, enum fault_class class, bool write)
{
	uint64_t irq = local_irq_save(); /* PAR_EL1 is the CPU's, not ours */
	uint64_t par = write ? at_s1e1w(va) : at_s1e1r(va);
	struct leaf leaf = { 0 };
	bool good;

	local_irq_restore(irq);
	/* What nobody answers is translated all the same. */
	if (class == FAULT_NONE || class == FAULT_EXTERNAL)
		good = !(par & PAR_F) && !walk_lookup(va, &leaf) &&
		       PAR_ADDR(par) == (leaf.pa & ~0xfffUL) && PAR_ATTR(par) == MAIR_OF(leaf.prot);
	else
		good = par & PAR_F && PAR_STATUS(par) == status_of(class, walk_end(va)) &&
		       !(par & PAR_STAGE_2);
	judge(good, what, va, write ? "AT S1E1W: PAR, PA" : "AT S1E1R: PAR, PA", par, leaf.pa);
}

static struct fault attempt(enum access access, uint64_t va)
{
	uint64_t value = 0;

	if (access == EXEC)
		return probe_exec((void *)va);
	if (access == READ)
		return probe_read((void *)va, &value);
	probe_read((void *)va, &value);
	return probe_write((void *)va, value);
}

static void make(const char *what, enum access access, uint64_t va, enum fault_class class)
{
	static const char *const names[] = { "read: ESR, FAR", "write: ESR, FAR",
					     "execute: ESR, FAR" };
	struct fault f = attempt(access, va);
	unsigned ec = access == EXEC ? EC_FETCH_ABORT : EC_DATA_ABORT;
	bool good = f.class == class;

	if (class != FAULT_NONE)
		good = good && f.far == va && ESR_CLASS(f.esr) == ec &&
		       ESR_STATUS(f.esr) == status_of(class, walk_end(va)) &&
		       !(f.esr & (ESR_FAR_NOT_VALID | ESR_DURING_WALK)) &&
		       f.exec == (access == EXEC) && f.write == (access == WRITE) &&
		       (access == EXEC || !(f.esr & ESR_CACHE_OP)) &&
		       (access == EXEC || !!(f.esr & ESR_WRITE) == (access == WRITE));
	judge(good, what, va, names[access], f.esr, f.far);
}

void probe_rights(const char *what, uint64_t va, const struct rights *rights, unsigned made)
{
	const enum fault_class classes[] = { rights->read, rights->write, rights->exec };

	ask_at(what, va, rights->read, false);
	ask_at(what, va, rights->write, true);
	for (enum access access = READ; access <= EXEC; access++)
		if (classes[access] != FAULT_NONE || made & 1u << access)
			make(what, access, va, classes[access]);
}

static void sum_up(void)
{
	CHECK_EQ(wrong, 0);
	CHECK(probes > 0);
	ktap_note("%lu probes, %u CPUs", probes, nr_online_cpus());
}

void negative_on_each_cpu(void (*body)(void *), void *arg)
{
	probes = wrong = 0;
	work_on_each_cpu(body, arg);
	sum_up();
}

void negative_from_here(void (*body)(void *), void *arg)
{
	probes = wrong = 0;
	body(arg);
	sum_up();
}
