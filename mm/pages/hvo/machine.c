// SPDX-License-Identifier: MIT
/*
 * Which strategies and splits the CPUs of this machine allow, and putting one in force.
 *
 * CPUs may differ, and come later: each that starts is asked as well.
 */
#include <errno.h>

#include "drivers/smp/call.h"
#include "drivers/smp/cpus.h"
#include "lib/arm64/sysreg.h"
#include "mm/pages/hvo/hvo-internal.h"

const char *const hvo_strategy_names[HVO_STRATEGIES + 1] = { "ro", "bbm", "af" };
const char *const hvo_split_names[HVO_SPLITS + 1] = { "held", "bbml2" };

unsigned hvo_strategy = HVO_RO, hvo_split = HVO_SPLIT_HELD;
const struct hvo_ways *hvo_current = &hvo_ways[HVO_RO];

static const struct hvo_ways refused = { .refused = true };

/* --- what CPUs can do ----------------------------------------------------------------------- */

/* FEAT_HAFDBS, of which the access flag is the first part (ID_AA64MMFR1_EL1.HAFDBS). */
static bool sets_flags(void)
{
	return field(read_sysreg(id_aa64mmfr1_el1), 3, 0) >= 1;
}

/* ID_AA64MMFR2_EL1.BBM. */
static bool resizes_live(void)
{
	return field(read_sysreg(id_aa64mmfr2_el1), 55, 52) >= 2;
}

struct question {
	bool (*can)(void);
	bool none_cannot;
};

static void ask_here(void *arg)
{
	struct question *q = arg;

	if (!q->can())
		__atomic_store_n(&q->none_cannot, false, __ATOMIC_RELAXED);
}

/* NULL: all online CPUs can; @no: one cannot. */
static const char *ask(bool (*can)(void), const char *no)
{
	struct question q = { .can = can, .none_cannot = true };

	ask_here(&q);
	if (smp_call_others(ask_here, &q))
		return "a CPU does not answer what it can";
	return __atomic_load_n(&q.none_cannot, __ATOMIC_RELAXED) ? NULL : no;
}

const char *hvo_strategy_refused(enum hvo_strategy strategy)
{
	if (strategy != HVO_AF)
		return NULL;
	return ask(sets_flags, "a CPU does not set access flags by itself "
			       "(ID_AA64MMFR1_EL1.HAFDBS is 0)");
}

const char *hvo_split_refused(enum hvo_split split)
{
	if (split != HVO_SPLIT_BBML2)
		return NULL;
	return ask(resizes_live, "a CPU cannot change the size of a live leaf "
				 "(ID_AA64MMFR2_EL1.BBM is below 2)");
}

/* --- putting them in force ------------------------------------------------------------------ */

static void set_ha(void *on)
{
	uint64_t tcr = read_sysreg(tcr_el1) & ~TCR_HA;

	door_write_tcr(on ? tcr | TCR_HA : tcr);
}

/* No walk goes by what TCR_EL1 was before, not even by what a TLB keeps of it. */
static void forget_tcr(void)
{
	door_before_tlbi();
	tlbi_all();
	door_after_tlbi();
}

/*
 * On a CPU that starts, before it looks at any struct page that HVO may be at: the lock keeps it
 * off until the change of such a page is over, and the next one finds what this CPU cannot do.
 */
static void start_here(void)
{
	uint64_t irq = lock_tables();

	if (hvo_strategy == HVO_AF && sets_flags()) {
		set_ha(&irq);
		forget_tcr();
	} else if (hvo_strategy == HVO_AF) {
		hvo_current = &refused;
	}
	if (hvo_split == HVO_SPLIT_BBML2 && !resizes_live())
		hvo_split = HVO_SPLIT_HELD;
	unlock_tables(irq);
}

/* Errors as smp_call_others(): some may have changed, which is harmless with all flags set. */
static int set_ha_everywhere(bool on)
{
	int error;

	set_ha(on ? &on : NULL);
	error = smp_call_others(set_ha, on ? &on : NULL);
	forget_tcr();
	return error;
}

int hvo_set_strategy(enum hvo_strategy strategy)
{
	bool leaves_af = hvo_strategy == HVO_AF && strategy != HVO_AF;
	int error = 0;

	if (hvo_strategy_refused(strategy))
		return -EOPNOTSUPP;
	WRITE_ONCE(cpu_starts, start_here);
	if (strategy == HVO_AF && hvo_strategy != HVO_AF)
		error = set_ha_everywhere(true);
	if (error)
		return error;
	hvo_strategy = strategy;
	hvo_current = &hvo_ways[strategy];
	/* Last, as no leaf is without its flag now: a CPU that does not answer keeps the bit. */
	return leaves_af ? set_ha_everywhere(false) : 0;
}

int hvo_set_split(enum hvo_split split)
{
	if (hvo_split_refused(split))
		return -EOPNOTSUPP;
	WRITE_ONCE(cpu_starts, start_here);
	hvo_split = split;
	return 0;
}
