// SPDX-License-Identifier: MIT
/*
 * Taking, giving back, looking.
 */
#include "bench/hvo/pages.h"

#include "bench/hvo/layout.h"
#include "bench/hvo/use.h"
#include "lib/panic.h"
#include "mm/pages/users/hugepages.h"
#include "mm/pages/hvo.h"
#include "mm/pages/vmemmap.h"
#include "mm/phys/buddy.h"
#include "mm/phys/ranges.h"

SLIST_HEAD(page_chain, page);

static uint64_t largest_range(void)
{
	struct phys_range r, largest = { 0 };

	for_each_ram_range (&r)
		if (r.pages > largest.pages)
			largest = r;
	return largest.first_pfn;
}

/*
 * From one range of RAM, as that of the machine where Linux was measured: pages of two in turn cost
 * 27 to 38 instructions more, for pfn_valid() remembers one (docs/hvo-bench.md).
 */
static struct page *take_block(unsigned order, struct page_chain *others)
{
	uint64_t range = largest_range();
	struct page *page;

	while ((page = alloc_pages(GFP_KERNEL | __GFP_COMP, order))) {
		if (ram_range_of_pfn(page_to_pfn(page))->first_pfn == range)
			return page;
		SLIST_INSERT_HEAD(others, page, hot_link);
	}
	return NULL;
}

static unsigned take_all(unsigned order, unsigned n, struct page **heads)
{
	struct page_chain others = SLIST_HEAD_INITIALIZER(others);
	struct page *page;
	unsigned taken = 0;

	while (taken < n) {
		page = order <= MAX_ORDER ? take_block(order, &others) : NULL;
		page = page ?: alloc_huge_page(order);
		if (!page)
			break;
		heads[taken++] = page;
	}
	while ((page = SLIST_FIRST(&others))) {
		SLIST_REMOVE_HEAD(&others, hot_link);
		put_page(page);
	}
	return taken;
}

/* The pool's as it keeps them, the page allocator's as it wants them. */
static void give_one(struct page *head)
{
	int error = head->flags & PG_HUGE ? hugetlb_vmemmap_optimize(head)
					  : hugetlb_vmemmap_restore(head);

	panic_unless(!error, "bench: a huge page cannot be given back: error %d", error);
	put_page(head);
}

void huge_give(struct page *const *heads, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		give_one(heads[i]);
}

unsigned huge_take(struct pass *pass, unsigned order, unsigned per, unsigned most,
		   struct page **heads)
{
	unsigned sets, n;

	if (!order_is_optimizable(order)) {
		pass->why = "its struct pages fill no more than a page: nothing to share";
		return 0;
	}
	n = take_all(order, per * most, heads);
	sets = n / per;
	huge_give(heads + sets * per, n - sets * per);
	if (sets && !hugetlb_vmemmap_restore_pages(heads, sets * per, NULL))
		return sets;
	pass->why = order <= MAX_ORDER ? "not enough memory" : "too few of them (hugepages=)";
	huge_give(heads, sets * per);
	return 0;
}

bool huge_is(struct pass *pass, const struct page *head, bool optimized, struct vmemmap_use *use)
{
	uint64_t n = 1UL << head->order;
	const struct page *tail = vmemmap_find_shared_tail(head->zone, head->order);
	struct vmemmap_use one;

	pass->why = "a leaf of the vmemmap is wrong";
	if (!vmemmap_use(page_to_pfn(head), n, tail, &one))
		return false;
	pass->why = "struct pages are shared, or not, that should not be";
	if (one.own_bytes != (optimized ? PAGE_SIZE : structs_of(n << PAGE_SHIFT)) ||
	    !(head->flags & PG_HVO) == optimized)
		return false;
	pass->why = "a tail has another head";
	if (!heads_are_right(head, n))
		return false;
	pass->why = NULL;
	use->known = true;
	use->own_bytes += one.own_bytes;
	use->shared_bytes += one.shared_bytes;
	use->table_bytes += one.table_bytes;
	return true;
}
