// SPDX-License-Identifier: MIT
/*
 * Tables of shared tails. A huge page of which whole leaf tables would hold nothing but the shared
 * tail page links one table for all of them. It is filled before its first link and never changes,
 * and its leaves are read-only: whichever link a walk came by, it finds the same.
 */
#include "mm/arm64/prims.h"
#include "mm/pages/vmemmap-internal.h"
#include "mm/phys/buddy.h"

static uint64_t tables[NR_ZONES][MAX_HUGE_ORDER + 1];

uint64_t vmemmap_find_tail_table(enum zone_id zone, unsigned order)
{
	return tables[zone][order];
}

/* By who populates: one at a time. */
uint64_t vmemmap_tail_table(enum zone_id zone, unsigned order, desc_t leaf)
{
	uint64_t pa = tables[zone][order];

	if (pa)
		return pa;
	pa = vmemmap_memory(PAGE_SIZE);
	if (!pa)
		return 0;
	MM_EVENT(EVENT_TABLE_ALLOC, pa, mm_event_address(swapper_pg_dir), LEVEL_PTE);
	desc_fill(phys_to_virt(pa), leaf, 0, PTRS_PER_TABLE);
	vmemmap_counts.tails++;
	tables[zone][order] = pa;
	return pa;
}

void vmemmap_publish_tail_table(desc_t *slot, uint64_t table_pa)
{
	uint64_t irq = lock_tables();

	table_contents_before_link();
	set_table_desc(slot, table_desc(table_pa));
	door_mapped();
	unlock_tables(irq);
}
