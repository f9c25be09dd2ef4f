// SPDX-License-Identifier: MIT
/*
 * set_memory_*(): which pages a call is about, and code that is to be fetched.
 */
#include "mm/areas/set_memory.h"

#include <errno.h>

#include "drivers/smp/call.h"
#include "lib/arm64/sysreg.h"
#include "mm/areas/area.h"
#include "mm/areas/lazy.h"
#include "mm/arm64/door.h"
#include "mm/map/protect.h"

/* Of all CPUs: the sizes of their data cache lines, powers of two, and what one needs at least. */
#define NEEDS_CLEAN	 (1UL << 62)
#define NEEDS_INVALIDATE (1UL << 63)
#define LINES		 (NEEDS_CLEAN - 1)

/*
 * Frames may have been mapped elsewhere, and writable, until a moment ago: with flush=lazy what
 * was unmapped may be in TLBs still. As in Linux, that ends before permissions change.
 */
static void flush_aliases(void)
{
	if (unlikely(flush_policy == FLUSH_LAZY))
		vm_unmap_aliases();
}

/* Pages of one area. */
struct span {
	uint64_t va, end;
	uint64_t lo, hi; /* of the area */
};

static int find_span(unsigned long addr, int numpages, struct span *s)
{
	uint64_t size = (uint64_t)numpages << PAGE_SHIFT,
		 stack = (uint64_t)__builtin_frame_address(0);
	const struct vm_struct *area;

	if (numpages < 0 || !IS_ALIGNED(addr, PAGE_SIZE))
		return -EINVAL;
	area = find_vm_area((void *)addr);
	if (!area)
		return -EINVAL;
	s->lo = (uint64_t)area->addr;
	s->hi = s->lo + get_vm_area_size(area);
	if (addr >= s->hi || size > s->hi - addr)
		return -EINVAL;
	if (stack - s->lo < s->hi - s->lo)
		return -EBUSY;
	s->va = addr;
	s->end = addr + size;
	return 0;
}

static int change(unsigned long addr, int numpages, desc_t set, desc_t clear)
{
	struct span s;
	int error;

	if (!numpages)
		return 0;
	error = find_span(addr, numpages, &s);
	if (error)
		return error;
	flush_aliases();
	return map_protect(s.va, s.end, set, clear);
}

int set_memory_ro(unsigned long addr, int numpages)
{
	return change(addr, numpages, DESC_RO, 0);
}

int set_memory_rw(unsigned long addr, int numpages)
{
	return change(addr, numpages, 0, DESC_RO);
}

int set_memory_nx(unsigned long addr, int numpages)
{
	return change(addr, numpages, DESC_PXN, 0);
}

int set_memory_valid(unsigned long addr, int numpages, int enable)
{
	return enable ? change(addr, numpages, DESC_VALID, 0)
		      : change(addr, numpages, 0, DESC_VALID);
}

int set_memory_merge(unsigned long addr, int numpages)
{
	struct span s;
	int error;

	if (!numpages)
		return 0;
	error = find_span(addr, numpages, &s);
	return error ? error : map_merge(s.va, s.end, s.lo, s.hi);
}

/* --- code ---------------------------------------------------------------------------------- */

/* On each CPU, in an interrupt: caches of a big one and a little one may differ. */
static void add_caches(void *arg)
{
	uint64_t ctr = read_sysreg(ctr_el0), caches = 4UL << field(ctr, 19, 16); /* DminLine */

	if (!field(ctr, 28, 28)) /* IDC */
		caches |= NEEDS_CLEAN;
	if (!field(ctr, 29, 29)) /* DIC */
		caches |= NEEDS_INVALIDATE;
	__atomic_fetch_or((uint64_t *)arg, caches, __ATOMIC_RELAXED); /* the call's end orders it */
}

/* Readable, or cleaning would fault; not writable, and memory that has code. */
static bool may_be_code(const struct span *s)
{
	desc_t all, any;

	map_look(s->va, s->end, &all, &any);
	return all & DESC_VALID && all & DESC_RO && !(any & DESC_ATTR(7));
}

/*
 * Caches first: from the moment that a page is executable it may be fetched from, by
 * speculation too. No CPU has fetched from it before the change that map_protect() ends with an
 * ISB on each.
 */
int set_memory_x(unsigned long addr, int numpages)
{
	uint64_t caches = 0;
	struct span s;
	int error;

	if (!numpages)
		return 0;
	error = find_span(addr, numpages, &s);
	if (!error && !may_be_code(&s))
		error = -EINVAL;
	if (!error)
		error = smp_call_others(add_caches, &caches);
	if (error)
		return error;
	flush_aliases();
	add_caches(&caches);
	door_make_code(s.va, s.end, caches & NEEDS_CLEAN ? caches & LINES & -(caches & LINES) : 0,
		       caches & NEEDS_INVALIDATE);
	return map_protect(s.va, s.end, 0, DESC_PXN);
}
