// SPDX-License-Identifier: MIT
/*
 * A vmemmap that is what the translation tables say: each leaf in its addresses is a mapping of
 * the host over the frame that it names, with the leaf's permissions. So a struct page is read
 * through the tables, two of them may be one piece of memory, a write to what is read-only
 * faults, and whoever touches what is invalid at that moment ends the test.
 *
 * It follows the door's stores (mmu-model.h). What a TLB may still hold is not its business but
 * the checker's: here each store takes effect at once.
 */
#pragma once

#include "tests/host/mmu-model.h"

struct live_vmemmap {
	/* TCR_EL1.HA, as EVENT_TCR says: an access to a leaf whose AF is 0 sets it, else it faults.
	 */
	bool hardware_af;
	uint64_t mappings;   /* made so far */
	uint64_t af_updates; /* that accesses made */
};
extern struct live_vmemmap live_vmemmap;

/*
 * Before the first arena_map(). Takes mmu_model_recorder; a test with one of its own calls
 * live_vmemmap_event() in it.
 */
void live_vmemmap_start(void);

void live_vmemmap_event(const struct mm_event *event);

/* Whether a load, or a store of what is there, faults. Aligned to 8. */
bool read_faults(const void *address);
bool write_faults(void *address);
