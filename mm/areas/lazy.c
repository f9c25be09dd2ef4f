// SPDX-License-Identifier: MIT
/*
 * The list of areas that wait for a purge (lazy.h). They stay in the tree of addresses, hidden, so
 * that these are not given out.
 *
 * One lock for the list and the purge: who asks for a purge while another CPU is at it waits for
 * the end of that, and finds nothing left.
 */
#include "mm/areas/lazy.h"

#include "drivers/smp/cpus.h"
#include "lib/lock.h"

static struct {
	struct vm_struct *areas; /* by next_lazy */
	uint64_t pages;
	spinlock_t lock;
} lazy = { .lock = SPINLOCK(LOCK_UNNAMED) };

/*
 * On the list before its pages are given back: who is given one of these and asks for a purge
 * gets that page's flush as well.
 */
bool unmap_vm_area_lazily(struct vm_struct *area)
{
	uint64_t va = (uint64_t)area->addr, irq;

	/* What was mapped by hand may be a device, and may have holes. */
	if (area->flags & VM_IOREMAP || !area->nr_pages ||
	    !unmap_range_deferred(va, va + (area->nr_pages << PAGE_SHIFT)))
		return false;
	irq = spin_lock_irqsave(&lazy.lock);
	area->flags |= VM_LAZY;
	area->next_lazy = lazy.areas;
	lazy.areas = area;
	lazy.pages += area->size >> PAGE_SHIFT;
	spin_unlock_irqrestore(&lazy.lock, irq);
	return true;
}

/*
 * Whoever of the two comes last frees the area: this one, or its owner, who is still at it when
 * the flag for that is missing. Without VM_LAZY it is the owner's alone.
 */
static void flushed(struct vm_struct *area)
{
	uint32_t flags = area->flags & ~(uint32_t)(VM_LAZY | VM_LAZY_FREE);
	bool given_up = area->flags & VM_LAZY_FREE;

	/* Release: nothing of the area is looked at after it. */
	__atomic_store_n(&area->flags, flags, __ATOMIC_RELEASE);
	if (given_up)
		free_vm_area(area);
}

/* Caller has the lock. */
static void purge_all(void)
{
	struct vm_struct *area, *next;
	struct purge purge;

	purge_begin(&purge);
	for (area = lazy.areas; area; area = area->next_lazy) {
		uint64_t va = (uint64_t)area->addr;

		purge_range(&purge, va, va + (area->nr_pages << PAGE_SHIFT));
	}
	purge_end(&purge);
	for (area = lazy.areas; area; area = next) {
		next = area->next_lazy;
		flushed(area);
	}
	lazy.areas = NULL;
	lazy.pages = 0;
}

void free_vm_area_lazily(struct vm_struct *area)
{
	uint64_t irq = spin_lock_irqsave(&lazy.lock);
	bool on_list = area->flags & VM_LAZY;

	if (on_list) {
		area->flags |= VM_LAZY_FREE;
		if (lazy.pages > lazy_max_pages())
			purge_all();
	}
	spin_unlock_irqrestore(&lazy.lock, irq);
	if (!on_list)
		free_vm_area(area);
}

bool purge_vmap_areas(void)
{
	uint64_t irq;
	bool any;

	/* It is emptied when a purge is over, after the DSB of that. */
	if (!READ_ONCE(lazy.areas))
		return false;
	irq = spin_lock_irqsave(&lazy.lock);
	any = lazy.areas;
	if (any)
		purge_all();
	spin_unlock_irqrestore(&lazy.lock, irq);
	return any;
}

uint64_t nr_lazy_pages(void)
{
	return READ_ONCE(lazy.pages);
}

uint64_t lazy_max_pages(void)
{
	return (ilog2(nr_online_cpus()) + 1) * (32 * MiB >> PAGE_SHIFT);
}
