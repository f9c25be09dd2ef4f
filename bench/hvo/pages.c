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

static struct page *take_one(unsigned order)
{
	struct page *page = NULL;

	if (order <= MAX_ORDER)
		page = alloc_pages(GFP_KERNEL | __GFP_COMP, order);
	return page ?: alloc_huge_page(order);
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
	for (n = 0; n < per * most; n++) {
		heads[n] = take_one(order);
		if (!heads[n])
			break;
	}
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
