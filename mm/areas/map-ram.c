// SPDX-License-Identifier: MIT
/*
 * Blocks of addresses for vm_map_ram() (map-ram.h). In a block addresses are given out from
 * the bottom up, powers of two at a time, and never twice: a page is free, in use or dirty.
 * When all are dirty the block goes.
 *
 * Each CPU takes from blocks of its own, so that mappings that live at the same time share
 * leaf tables with those of the same CPU. One lock guards all of it: the page-table lock,
 * which each call takes twice as long, is one for all CPUs as well.
 */
#include "mm/areas/map-ram.h"

#include <sys/queue.h>

#include "lib/lock.h"
#include "lib/log.h"
#include "lib/percpu.h"
#include "mm/areas/area-internal.h"
#include "mm/phys/buddy.h"
#include "mm/phys/kmalloc.h"

#define BLOCK_BYTES (VMAP_BLOCK_PAGES << PAGE_SHIFT)

/* A block with fewer free pages than this is not worth keeping once nobody uses it. */
#define PURGE_THRESHOLD (VMAP_BLOCK_PAGES / 4)

struct vmap_block {
	RB_ENTRY(vmap_block) node;   /* by address, all CPUs' */
	LIST_ENTRY(vmap_block) link; /* of its CPU's, while some of it is free */
	struct vm_struct *area;
	unsigned free, dirty;		  /* pages */
	uint8_t counts[VMAP_BLOCK_PAGES]; /* pages of the mapping that begins here, 0: none does */
};

LIST_HEAD(block_list, vmap_block);

struct vmap_queue {
	struct block_list blocks;
};

static DEFINE_PER_CPU(struct vmap_queue, vmap_queue);

static struct {
	RB_HEAD(block_tree, vmap_block) tree;
	spinlock_t lock; /* the tree, every CPU's queue, every block */
} blocks = { .tree = RB_INITIALIZER(&blocks.tree), .lock = SPINLOCK_INIT };

static uint64_t block_start(const struct vmap_block *b)
{
	return (uint64_t)b->area->addr;
}

static int by_address(const struct vmap_block *a, const struct vmap_block *b)
{
	return block_start(a) < block_start(b) ? -1 : block_start(a) > block_start(b);
}

RB_GENERATE_INSERT_COLOR(block_tree, vmap_block, node, static)
RB_GENERATE_REMOVE_COLOR(block_tree, vmap_block, node, static)
RB_GENERATE_INSERT(block_tree, vmap_block, node, by_address, static)
RB_GENERATE_REMOVE(block_tree, vmap_block, node, static)
RB_GENERATE_NEXT(block_tree, vmap_block, node, static)
RB_GENERATE_MINMAX(block_tree, vmap_block, node, static)

/* Pages that @count takes in a block. */
static unsigned rounded(uint64_t count)
{
	return 1u << get_order(count << PAGE_SHIFT);
}

/* --- blocks come and go ----------------------------------------------------------------- */

/* Nobody finds it any more. Caller has the lock. */
static void unlink_block(struct vmap_block *b)
{
	if (b->free)
		LIST_REMOVE(b, link);
	RB_REMOVE(block_tree, &blocks.tree, b);
}

static void free_block(struct vmap_block *b)
{
	free_vm_area(b->area);
	kfree(b);
}

/* Gives back blocks of which nothing is in use and fewer than @most pages are free. */
static bool purge_blocks(unsigned most)
{
	uint64_t irq = spin_lock_irqsave(&blocks.lock);
	struct block_list purged = LIST_HEAD_INITIALIZER(purged);
	struct vmap_block *b, *next;
	bool any;

	RB_FOREACH_SAFE (b, block_tree, &blocks.tree, next) {
		if (b->free + b->dirty < VMAP_BLOCK_PAGES || b->free >= most)
			continue;
		unlink_block(b);
		LIST_INSERT_HEAD(&purged, b, link);
	}
	spin_unlock_irqrestore(&blocks.lock, irq);
	any = !LIST_EMPTY(&purged);
	while ((b = LIST_FIRST(&purged))) {
		LIST_REMOVE(b, link);
		free_block(b);
	}
	return any;
}

bool purge_vmap_blocks(void)
{
	return purge_blocks(VMAP_BLOCK_PAGES);
}

void vm_unmap_aliases(void)
{
	purge_blocks(PURGE_THRESHOLD);
	purge_vmap_areas();
}

/* A new block for this CPU. False: no memory, no addresses. */
static bool add_block(void)
{
	/* No guard page: it would cost as many addresses as the block, for its alignment. */
	const uint32_t flags = VM_MAP_RAM | VM_MAP_BLOCK | VM_NO_GUARD | VM_UNINITIALIZED;
	struct vmap_block *b = kzalloc(sizeof(*b), GFP_KERNEL);
	uint64_t irq;

	if (!b)
		return false;
	b->free = VMAP_BLOCK_PAGES;
	b->area = __get_vm_area(BLOCK_BYTES, BLOCK_BYTES, 0, ~0UL, flags);
	if (!b->area) {
		kfree(b);
		return false;
	}
	irq = spin_lock_irqsave(&blocks.lock);
	RB_INSERT(block_tree, &blocks.tree, b);
	LIST_INSERT_HEAD(&this_cpu(vmap_queue).blocks, b, link);
	spin_unlock_irqrestore(&blocks.lock, irq);
	return true;
}

/* --- addresses in a block --------------------------------------------------------------- */

/* From one of this CPU's blocks; 0: none has so many. */
static uint64_t take_addresses(uint64_t count)
{
	uint64_t irq = spin_lock_irqsave(&blocks.lock), va = 0;
	struct vmap_block *b;

	LIST_FOREACH (b, &this_cpu(vmap_queue).blocks, link) {
		unsigned at = VMAP_BLOCK_PAGES - b->free;

		if (b->free < rounded(count))
			continue;
		b->counts[at] = (uint8_t)count;
		b->free -= rounded(count);
		if (!b->free)
			LIST_REMOVE(b, link);
		va = block_start(b) + ((uint64_t)at << PAGE_SHIFT);
		break;
	}
	spin_unlock_irqrestore(&blocks.lock, irq);
	return va;
}

/* The block of @va, NULL if it is in none. Caller has the lock. */
static struct vmap_block *block_at(uint64_t va)
{
	struct vmap_block *b = RB_ROOT(&blocks.tree);

	while (b && va - block_start(b) >= BLOCK_BYTES)
		b = va < block_start(b) ? RB_LEFT(b, node) : RB_RIGHT(b, node);
	return b;
}

/* The mapping at @va is taken down by the caller, and by nobody else. False: there is none. */
static bool claim_addresses(uint64_t va, uint64_t count)
{
	uint64_t irq = spin_lock_irqsave(&blocks.lock);
	struct vmap_block *b = block_at(va);
	uint8_t *mapped = b ? &b->counts[(va - block_start(b)) >> PAGE_SHIFT] : NULL;
	bool good = mapped && *mapped == count;

	if (good)
		*mapped = 0;
	spin_unlock_irqrestore(&blocks.lock, irq);
	return good;
}

/* Nothing is mapped there any more; the block goes with its last page. */
static void drop_addresses(uint64_t va, uint64_t count)
{
	uint64_t irq = spin_lock_irqsave(&blocks.lock);
	struct vmap_block *b = block_at(va);
	bool last;

	b->dirty += rounded(count);
	last = b->dirty == VMAP_BLOCK_PAGES;
	if (last)
		unlink_block(b);
	spin_unlock_irqrestore(&blocks.lock, irq);
	if (last)
		free_block(b);
}

static void *map_in_block(struct page **pages, uint64_t count)
{
	uint64_t va;

	/* Another CPU does not take from ours, but an interrupt may. */
	while (!(va = take_addresses(count)))
		if (!add_block())
			return NULL;
	if (!map_pages(va, va + (count << PAGE_SHIFT), pages, PAGE_KERNEL, PAGE_SHIFT))
		return (void *)va;
	if (claim_addresses(va, count))
		drop_addresses(va, count);
	return NULL;
}

/* --- the calls -------------------------------------------------------------------------- */

static void *map_in_area(struct page **pages, uint64_t count)
{
	unsigned max_shift = vmap_max_shift(0);
	uint64_t bytes = count << PAGE_SHIFT, va;
	struct vm_struct *area = get_vmap_area(bytes, VM_UNINITIALIZED, max_shift);

	if (!area)
		return NULL;
	va = (uint64_t)area->addr;
	if (map_pages(va, va + bytes, pages, PAGE_KERNEL, max_shift) &&
	    !(purge_vmap_areas() && !map_pages(va, va + bytes, pages, PAGE_KERNEL, max_shift))) {
		free_vm_area(area);
		return NULL;
	}
	area->nr_pages = count;
	/* Release: who sees the flag, and so takes it for mapped, sees what was set before. */
	__atomic_store_n(&area->flags, VM_MAP_RAM | VM_UNINITIALIZED, __ATOMIC_RELEASE);
	return area->addr;
}

void *vm_map_ram(struct page **pages, uint64_t count)
{
	if (!pages || count - 1 >= nr_managed_pages())
		return NULL;
	return count <= VMAP_MAX_ALLOC ? map_in_block(pages, count) : map_in_area(pages, count);
}

void vm_unmap_ram(const void *addr, uint64_t count)
{
	uint64_t va = (uint64_t)addr;
	struct vm_struct *area;

	if (IS_ALIGNED(va, PAGE_SIZE) && count - 1 < VMAP_MAX_ALLOC && claim_addresses(va, count)) {
		unmap_range(va, va + (count << PAGE_SHIFT));
		drop_addresses(va, count);
		return;
	}
	area = count > VMAP_MAX_ALLOC ? claim_ram_area(addr, count << PAGE_SHIFT) : NULL;
	if (!area) {
		log_printf("vm_unmap_ram: bad address %p\n", addr);
		return;
	}
	unmap_vm_area(area);
	free_vm_area(area);
}
