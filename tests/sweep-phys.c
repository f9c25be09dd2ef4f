// SPDX-License-Identifier: MIT
/*
 * The calls of the page allocator and of kmalloc() that are swept.
 */
#include <string.h>

#include "mm/phys/buddy.h"
#include "mm/phys/fail.h"
#include "mm/phys/kmalloc.h"
#include "tests/sweep-internal.h"

#if HAVE_FAIL_NTH
/* What the running call gave. */
static struct {
	void *addr;
	struct page *page;
	uint64_t n;
} it;

bool sweep_has_room(uint64_t bytes)
{
	return bytes <= nr_managed_pages() / 8 * 5 << PAGE_SHIFT;
}

bool sweep_has_room_for_bytes(const struct sweep_call *c)
{
	return sweep_has_room(c->bytes);
}

bool sweep_is_zero(const void *start, uint64_t bytes)
{
	const char *at = start;

	return !bytes || (!at[0] && !memcmp(at, at + 1, bytes - 1));
}

/* --- small objects and pages ---------------------------------------------------------- */

static bool call_kmalloc(const struct sweep_call *c)
{
	return (it.addr = kmalloc(c->bytes, c->gfp));
}

static bool call_kzalloc(const struct sweep_call *c)
{
	return (it.addr = kzalloc(c->bytes, c->gfp));
}

static bool right_object(const struct sweep_call *c)
{
	bool zero = c->gfp & __GFP_ZERO;

	if (zero && !sweep_is_zero(it.addr, c->bytes))
		return false;
	/* The next object that asks for zeros finds this. */
	memset(it.addr, 0xa5, c->bytes);
	return IS_ALIGNED((uint64_t)it.addr, MIN(32, PAGE_SIZE));
}

static void undo_object(const struct sweep_call *c)
{
	(void)c;
	kfree(it.addr);
}

const struct sweep_kind sweep_by_kmalloc = { sweep_has_room_for_bytes, call_kmalloc, right_object,
					     undo_object, NULL };
const struct sweep_kind sweep_by_kzalloc = { sweep_has_room_for_bytes, call_kzalloc, right_object,
					     undo_object, NULL };

static bool room_for_block(const struct sweep_call *c)
{
	struct page *page = alloc_pages(GFP_KERNEL, c->order);

	__free_pages(page, c->order);
	return page;
}

static bool call_pages(const struct sweep_call *c)
{
	return (it.page = alloc_pages(c->gfp, c->order));
}

static bool right_pages(const struct sweep_call *c)
{
	uint64_t bytes = PAGE_SIZE << c->order;

	if (c->gfp & __GFP_ZERO && !sweep_is_zero(page_address(it.page), bytes))
		return false;
	memset(page_address(it.page), 0xa5, bytes);
	return it.page->order == c->order && it.page->refcount == 1 &&
	       allocated_block(it.page + (1UL << c->order) - 1) == it.page;
}

static void undo_pages(const struct sweep_call *c)
{
	__free_pages(it.page, c->order);
}

const struct sweep_kind sweep_by_pages = { room_for_block, call_pages, right_pages, undo_pages,
					   NULL };

/* --- many pages at once --------------------------------------------------------------- */

#define SWEEP_BULK_MOST 300

static struct page *bulk[SWEEP_BULK_MOST];

/* Every seventh entry is there before, with order not 0. */
static bool prepare_bulk(const struct sweep_call *c)
{
	it.n = c->bytes;
	for (uint64_t i = 0; i < it.n; i++)
		bulk[i] = c->order && i % 7 == 3 ? alloc_pages(GFP_KERNEL, 0) : NULL;
	return true;
}

static bool is_given(const struct sweep_call *c, uint64_t i)
{
	return c->order && i % 7 == 3;
}

static void undo_bulk(const struct sweep_call *c)
{
	for (uint64_t i = 0; i < it.n; i++) {
		if (is_given(c, i) || !bulk[i])
			continue;
		__free_pages(bulk[i], 0);
		bulk[i] = NULL;
	}
}

/* Short of memory it says how many there are from the first; the caller frees what it got. */
static bool call_bulk(const struct sweep_call *c)
{
	unsigned long got = alloc_pages_bulk(c->gfp, it.n, bulk);

	for (uint64_t i = 0; i < got; i++)
		if (!bulk[i])
			sweep_complain("%s: %lu pages, and entry %lu is none", c->name, got, i);
	if (got == it.n)
		return true;
	undo_bulk(c);
	return false;
}

static bool right_bulk(const struct sweep_call *c)
{
	(void)c;
	/* Each is its own: a name is written to all before any is read. */
	for (uint64_t i = 0; i < it.n; i++)
		*(uint64_t *)page_address(bulk[i]) = i;
	for (uint64_t i = 0; i < it.n; i++)
		if (*(uint64_t *)page_address(bulk[i]) != i || bulk[i]->refcount != 1)
			return false;
	return true;
}

static void restore_bulk(const struct sweep_call *c)
{
	(void)c;
	free_pages_bulk(bulk, it.n);
}

const struct sweep_kind sweep_by_bulk = { prepare_bulk, call_bulk, right_bulk, undo_bulk,
					  restore_bulk };
#endif
