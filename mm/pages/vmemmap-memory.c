// SPDX-License-Identifier: MIT
/*
 * The vmemmap's memory and tables. At boot they are reserved memory, which has no struct pages
 * yet; later they come from the page allocator and go back.
 */
#include <string.h>

#include "mm/arm64/prims.h"
#include "mm/pages/vmemmap-internal.h"
#include "mm/phys/buddy.h"
#include "mm/phys/ranges.h"

bool vmemmap_is_late(void)
{
	return nr_managed_pages() != 0;
}

uint64_t vmemmap_memory(uint64_t bytes)
{
	struct page *page;

	if (!vmemmap_is_late())
		return boot_ram_alloc(bytes, bytes, 0, PHYS_END);
	page = alloc_pages(GFP_KERNEL, get_order(bytes));
	return page ? page_to_phys(page) : 0;
}

/* --- single pages ------------------------------------------------------------------------------
 */

bool vmemmap_take_pages(struct vmemmap_pages *pages, uint64_t n)
{
	if (!n)
		return true;
	if (!vmemmap_is_late()) {
		pages->next = boot_ram_alloc(n << PAGE_SHIFT, PAGE_SIZE, 0, PHYS_END);
		return pages->next;
	}
	for (; n; n--) {
		struct page *page = alloc_pages(GFP_KERNEL, 0);

		if (!page) {
			vmemmap_drop_pages(pages);
			return false;
		}
		SLIST_INSERT_HEAD(&pages->list, page, hot_link);
	}
	return true;
}

void vmemmap_drop_pages(struct vmemmap_pages *pages)
{
	struct page *page;

	while ((page = SLIST_FIRST(&pages->list))) {
		SLIST_REMOVE_HEAD(&pages->list, hot_link);
		__free_pages(page, 0);
	}
}

/* --- tables ------------------------------------------------------------------------------------
 */

bool vmemmap_new_table(struct vmemmap_table *table, int level)
{
	struct page *page;

	if (!vmemmap_is_late()) {
		table->pa = boot_ram_alloc(PAGE_SIZE, PAGE_SIZE, 0, PHYS_END);
		if (!table->pa)
			return false;
		table->slots = phys_to_virt(table->pa);
		memset(table->slots, 0, PAGE_SIZE);
		MM_EVENT(EVENT_TABLE_ALLOC, table->pa, mm_event_address(swapper_pg_dir), level);
		return true;
	}
	page = table_alloc(level);
	if (!page)
		return false;
	table->pa = page_to_phys(page);
	table->slots = page_address(page);
	desc_clear(table->slots + page->table_extent.first,
		   page->table_extent.end - page->table_extent.first);
	return true;
}

/* The page's own count of leaves; boot's tables have none. */
static void count_leaves(uint64_t table_pa, uint64_t n)
{
	struct page *page = phys_to_page(table_pa);

	if (vmemmap_is_late() && page->flags & PG_TABLE)
		page->table_live += (uint32_t)n;
}

static void count_table(void)
{
	vmemmap_counts.tables++;
	if (vmemmap_is_late())
		table_pages++;
}

/* Walkers and dumps may be on their way through @slot's table. */
static desc_t link_upper(desc_t *slot, const struct vmemmap_table *table)
{
	uint64_t irq = lock_tables();
	desc_t d = table_desc(table->pa);

	table_contents_before_link();
	set_table_desc(slot, d);
	door_mapped(); /* the link is complete: another CPU may be the next to build below it */
	count_table();
	unlock_tables(irq);
	return d;
}

desc_t *vmemmap_make_slot(uint64_t va, int level)
{
	desc_t *slot = &swapper_pg_dir[table_index(va, LEVEL_ROOT)];

	for (int l = LEVEL_ROOT; l < level; l++) {
		desc_t d = get_desc(slot);

		if (!d) {
			struct vmemmap_table table;

			if (!vmemmap_new_table(&table, l + 1))
				return NULL;
			d = link_upper(slot, &table);
		}
		slot = desc_table(d) + table_index(va, l + 1);
	}
	return slot;
}

void vmemmap_publish_table(desc_t *slot, const struct vmemmap_table *table, uint64_t leaves)
{
	uint64_t irq = lock_tables();

	count_leaves(table->pa, leaves);
	door_mapped_table(slot, table_desc(table->pa), leaves);
	count_table();
	unlock_tables(irq);
}

void vmemmap_publish_leaves(desc_t *slot, desc_t d, uint64_t step, uint64_t n, int level)
{
	uint64_t irq = lock_tables();

	desc_fill(slot, d, step, n);
	if (level == LEVEL_PTE)
		vmemmap_leaves_stored(slot, n);
	else
		door_mapped_leaves(n);
	unlock_tables(irq);
}

void vmemmap_leaves_stored(const desc_t *slot, uint64_t n)
{
	count_leaves(virt_to_phys(slot), n);
	door_mapped_leaves(n);
}

void vmemmap_count(enum zone_id zone, unsigned order, int64_t own, int64_t shared)
{
	uint64_t irq = lock_tables();

	vmemmap_counts.own += (uint64_t)own;
	vmemmap_counts.shared += (uint64_t)shared;
	unlock_tables(irq);
	if (shared > 0)
		vmemmap_tail_get(zone, order, (uint64_t)shared);
	else if (shared)
		vmemmap_tail_put(zone, order, (uint64_t)-shared);
}
