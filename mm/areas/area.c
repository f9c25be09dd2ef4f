// SPDX-License-Identifier: MIT
/*
 * Busy areas in one tree, ordered by address. Each area knows the gap right below it
 * and a bound on the gaps in its subtree; the gap above the last area, where almost
 * every area comes from, is in no node. So the usual call compares the root's bound
 * with the size, and links the new area to the right of the last one.
 *
 * The bound is raised at once when a gap grows, but not lowered when one shrinks:
 * first_fit() lowers what it finds too large. Every shrink is thus paid for once, and
 * only if somebody comes to look.
 */
#include "lib/lock.h"
#include "lib/log.h"
#include "mm/areas/map-ram.h"
#include "mm/arm64/event.h"
#include "mm/map/holes.h"
#include "mm/phys/kmalloc.h"

#define FIRST_VA (VMALLOC_START + PAGE_SIZE)

static struct {
	RB_HEAD(area_tree, vm_struct) tree;
	struct vm_struct *last; /* the highest, NULL if there is none */
	spinlock_t lock;	/* the tree, every gap and bound, last */
} areas = { .tree = RB_INITIALIZER(&areas.tree), .lock = SPINLOCK(LOCK_AREAS) };

static __always_inline uint64_t start_of(const struct vm_struct *area)
{
	return (uint64_t)area->addr;
}

static __always_inline uint64_t gap_start(const struct vm_struct *area)
{
	return start_of(area) - area->gap;
}

/* Not being set up or taken down. */
static __always_inline bool is_whole(const struct vm_struct *area)
{
	/* Acquire: pairs with publish_vm_area(). */
	return !(__atomic_load_n(&area->flags, __ATOMIC_ACQUIRE) & VM_UNINITIALIZED);
}

/* The least bound for @x that its children's allow. */
static __always_inline void lower_bound(struct vm_struct *x)
{
	const struct vm_struct *left = RB_LEFT(x, node), *right = RB_RIGHT(x, node);
	uint64_t bound = x->gap;

	if (left)
		bound = MAX(bound, left->gap_bound);
	if (right)
		bound = MAX(bound, right->gap_bound);
	x->gap_bound = bound;
}

/*
 * Raises the bounds above @x to its own. Since a parent's bound is never below its
 * child's, the first that is high enough ends the walk.
 */
static __always_inline void raise_bounds(struct vm_struct *x)
{
	uint64_t bound = x->gap_bound;

	while ((x = RB_PARENT(x, node)) && x->gap_bound < bound)
		x->gap_bound = bound;
}

static void update_bounds(struct vm_struct *x)
{
	lower_bound(x);
	raise_bounds(x);
}

/*
 * sys/tree.h puts this into each rotation, for the node that went down (its new parent
 * covers what it covered, and is raised), and into a loop towards the root at the end of
 * RB_REMOVE: update_bounds() goes up as far as needed by itself, so that loop ends at once.
 */
#ifdef RB_AUGMENT_CHECK
#error "this sys/tree.h augments in another way than picolibc's"
#endif
#undef RB_AUGMENT
#define RB_AUGMENT(x)             \
	{                         \
		update_bounds(x); \
		break;            \
	}

/* What is used of RB_GENERATE(): a tree that is never asked to compare needs no comparison. */
RB_GENERATE_INSERT_COLOR(area_tree, vm_struct, node, static)
RB_GENERATE_REMOVE_COLOR(area_tree, vm_struct, node, static)
RB_GENERATE_REMOVE(area_tree, vm_struct, node, static)
RB_GENERATE_NEXT(area_tree, vm_struct, node, static)
RB_GENERATE_PREV(area_tree, vm_struct, node, static)
RB_GENERATE_MINMAX(area_tree, vm_struct, node, static)

/* What is looked for: bytes with guard, alignment, and where. */
struct want {
	uint64_t size, align, lo, hi;
};

/* The lowest fitting address in the gap [start, end), 0 if there is none. */
static __always_inline uint64_t fit(struct want w, uint64_t start, uint64_t end)
{
	uint64_t from = MAX(start, w.lo), to = MIN(end, w.hi);
	uint64_t at = ALIGN_UP(from, w.align);

	/* An ALIGN_UP() that wraps gives 0 as well. */
	return at <= to && to - at >= w.size ? at : 0;
}

/* Down to the lowest node whose gap, or a gap right of it, has @size bytes above @lo. */
static struct vm_struct *descend(struct vm_struct *x, uint64_t size, uint64_t lo)
{
	struct vm_struct *left;

	while ((left = RB_LEFT(x, node)) && left->gap_bound >= size && gap_start(x) > lo)
		x = left;
	return x;
}

/* Nothing in @x's subtree does: up to the first node that comes after it, NULL past the root. */
static struct vm_struct *ascend(struct vm_struct *x)
{
	struct vm_struct *parent;
	bool was_right;

	do {
		lower_bound(x);
		parent = RB_PARENT(x, node);
		was_right = parent && RB_RIGHT(parent, node) == x;
		x = parent;
	} while (was_right);
	return x;
}

/*
 * The area above the lowest gap that does, NULL if none below the last area does. After
 * @misfits gaps that are large enough and misaligned only those are looked at that would do
 * wherever they begin.
 */
static noinline struct vm_struct *first_fit(struct vm_struct *x, uint64_t size, uint64_t align,
					    uint64_t lo, uint64_t hi, uint64_t misfits)
{
	/* Arguments one by one: four of them in a struct would go through the stack. */
	struct want w = { size, align, lo, hi };
	struct vm_struct *right;

	x = descend(x, size, lo);
	while (x && gap_start(x) < hi) {
		if (x->gap >= size) {
			if (fit(w, gap_start(x), start_of(x)))
				return x;
			if (!--misfits)
				size += align - PAGE_SIZE;
		}
		right = RB_RIGHT(x, node);
		if (right && right->gap_bound >= size)
			x = descend(right, size, lo);
		else
			x = ascend(x);
	}
	return NULL;
}

/*
 * Puts @area right below @above, or last if that is NULL. The place is known, and so
 * RB_INSERT()'s own way down to it is saved.
 */
static __always_inline void link_area(struct vm_struct *area, struct vm_struct *above)
{
	struct vm_struct *parent = areas.last;

	if (above)
		parent = RB_LEFT(above, node) ? RB_PREV(area_tree, &areas.tree, above) : above;
	RB_SET(area, parent, node);
	if (!parent)
		RB_ROOT(&areas.tree) = area;
	else if (parent == above)
		RB_LEFT(parent, node) = area;
	else
		RB_RIGHT(parent, node) = area;
	if (!above)
		areas.last = area;
	area_tree_RB_INSERT_COLOR(&areas.tree, area);
	/* Rotations have seen to the rest. */
	raise_bounds(area);
}

/* Gives @area the lowest addresses that fit, as first_fit() has it. Caller has the lock. */
static __always_inline bool insert(struct vm_struct *area, struct want w, uint64_t misfits)
{
	struct vm_struct *above = RB_ROOT(&areas.tree);
	uint64_t bottom = FIRST_VA, top = VMALLOC_END, at;

	if (above && above->gap_bound >= w.size)
		above = first_fit(above, w.size, w.align, w.lo, w.hi, misfits);
	else
		above = NULL;
	if (above) {
		bottom = gap_start(above);
		top = start_of(above);
	} else if (areas.last) {
		bottom = start_of(areas.last) + areas.last->size;
	}
	at = fit(w, bottom, top);
	if (!at)
		return false;
	area->addr = (void *)at;
	area->gap_bound = area->gap = at - bottom;
	if (above)
		above->gap = top - at - w.size;
	link_area(area, above);
	MM_EVENT(EVENT_REUSE, at, 0, w.size);
	return true;
}

/* Gives @area's addresses back. Caller has the lock. */
static void erase(struct vm_struct *area)
{
	struct vm_struct *above = NULL;

	if (area == areas.last)
		areas.last = RB_PREV(area_tree, &areas.tree, area);
	else
		above = RB_NEXT(area_tree, &areas.tree, area);
	RB_REMOVE(area_tree, &areas.tree, area);
	if (above) {
		above->gap += area->gap + area->size;
		/* It may also have taken @area's place in the tree, with other children. */
		update_bounds(above);
	}
}

/*
 * Addresses or memory are short: what flush=lazy keeps may help, once it is flushed, and what
 * vm_map_ram() has of addresses that nobody uses.
 */
static noinline struct vm_struct *get_after_purge(uint64_t size, uint64_t align, uint64_t lo,
						  uint64_t hi, uint32_t flags)
{
	if (!purge_vmap_areas() && !purge_vmap_blocks())
		return NULL;
	return __get_vm_area(size, align, lo, hi, flags);
}

/* What first_fit() passed over too. False: no gap does. */
static noinline bool insert_anywhere(struct vm_struct *area, uint64_t size, uint64_t align,
				     uint64_t lo, uint64_t hi)
{
	struct want w = { size, align, lo, hi };
	uint64_t irq = spin_lock_irqsave(&areas.lock);
	bool done = insert(area, w, UINT64_MAX);

	spin_unlock_irqrestore(&areas.lock, irq);
	return done;
}

/* Inlined twice: most callers take any place, and what compares places then goes. */
static __always_inline struct vm_struct *get_area(uint64_t size, uint64_t align, uint64_t lo,
						  uint64_t hi, uint32_t flags)
{
	struct vm_struct *area;
	struct want w;
	uint64_t irq;
	bool done;

	if (unlikely(size - 1 >= VMALLOC_END - VMALLOC_START || align & (align - 1)))
		return NULL;
	area = kmalloc(sizeof(*area), GFP_KERNEL);
	if (unlikely(!area))
		return get_after_purge(size, align, lo, hi, flags);
	w.size = ALIGN_UP(size, PAGE_SIZE) + (flags & VM_NO_GUARD ? 0 : PAGE_SIZE);
	w.align = MAX(align, PAGE_SIZE);
	w.lo = lo;
	w.hi = hi;
	area->size = w.size;
	area->flags = flags;
	area->page_order = 0; /* with the two after it one store */
	area->max_shift = 0;
	area->fell_from = 0;
	area->pages = NULL;
	area->nr_pages = 0;
	area->phys_addr = 0;
	irq = spin_lock_irqsave(&areas.lock);
	done = insert(area, w, AREA_MISFITS);
	spin_unlock_irqrestore(&areas.lock, irq);
	if (likely(done) || insert_anywhere(area, w.size, w.align, lo, hi))
		return area;
	kfree(area);
	return get_after_purge(size, align, lo, hi, flags);
}

struct vm_struct *__get_vm_area(uint64_t size, uint64_t align, uint64_t lo, uint64_t hi,
				uint32_t flags)
{
	return get_area(size, align, lo, hi, flags);
}

struct vm_struct *get_vm_area_aligned(uint64_t size, uint64_t align, uint32_t flags)
{
	return get_area(size, align, 0, ~0UL, flags);
}

struct vm_struct *find_vm_area(const void *addr)
{
	uint64_t irq = spin_lock_irqsave(&areas.lock);
	struct vm_struct *x = RB_ROOT(&areas.tree);

	while (x && (uint64_t)addr - start_of(x) >= x->size)
		x = addr < x->addr ? RB_LEFT(x, node) : RB_RIGHT(x, node);
	if (x && !is_whole(x))
		x = NULL;
	spin_unlock_irqrestore(&areas.lock, irq);
	return x;
}

/* The area that starts at @addr, hidden or not: the last one without a search. Caller has the lock.
 */
static __always_inline struct vm_struct *search(const void *addr)
{
	struct vm_struct *x = areas.last;

	if (!x || x->addr != addr)
		x = RB_ROOT(&areas.tree);

	while (x && x->addr != addr)
		x = addr < x->addr ? RB_LEFT(x, node) : RB_RIGHT(x, node);
	return x;
}

/* The same, NULL if it is hidden. */
static __always_inline struct vm_struct *lookup(const void *addr)
{
	struct vm_struct *x = search(addr);

	return x && is_whole(x) ? x : NULL;
}

struct vm_struct *claim_vm_area(const void *addr, uint32_t any, uint32_t none, const char *caller)
{
	uint64_t irq = spin_lock_irqsave(&areas.lock);
	struct vm_struct *area = lookup(addr);

	if (likely(area && area->flags & any && !(area->flags & none)))
		area->flags |= VM_UNINITIALIZED;
	else
		area = NULL;
	spin_unlock_irqrestore(&areas.lock, irq);
	if (unlikely(!area))
		log_printf("%s: bad address %p\n", caller, addr);
	return area;
}

struct vm_struct *claim_ram_area(const void *addr, uint64_t bytes)
{
	uint64_t irq = spin_lock_irqsave(&areas.lock);
	struct vm_struct *x = search(addr);

	if (x && (x->flags & (VM_MAP_RAM | VM_MAP_BLOCK)) == VM_MAP_RAM &&
	    get_vm_area_size(x) == bytes)
		x->flags &= ~(uint32_t)VM_MAP_RAM;
	else
		x = NULL;
	spin_unlock_irqrestore(&areas.lock, irq);
	return x;
}

static void unmap_area(const struct vm_struct *area)
{
	unmap_holes(start_of(area), start_of(area) + get_vm_area_size(area));
}

static void unlink_area(struct vm_struct *area)
{
	uint64_t irq = spin_lock_irqsave(&areas.lock);

	erase(area);
	spin_unlock_irqrestore(&areas.lock, irq);
}

struct vm_struct *remove_vm_area(const void *addr)
{
	uint64_t irq = spin_lock_irqsave(&areas.lock);
	struct vm_struct *area = lookup(addr);

	if (area)
		area->flags |= VM_UNINITIALIZED;
	spin_unlock_irqrestore(&areas.lock, irq);
	if (!area)
		return NULL;
	unmap_area(area);
	unlink_area(area);
	area->flags &= ~(uint32_t)VM_UNINITIALIZED;
	return area;
}

void free_vm_area(struct vm_struct *area)
{
	if (!area)
		return;
	/* Once it is not on the list any more it is nobody else's. */
	if (unlikely(READ_ONCE(area->flags) & VM_LAZY)) {
		free_vm_area_lazily(area);
		return;
	}
	if (unlikely(is_whole(area)))
		unmap_area(area);
	unlink_area(area);
	kfree(area);
}

bool resize_vm_area(struct vm_struct *area, uint64_t bytes)
{
	uint64_t size = bytes + area->size - get_vm_area_size(area);
	uint64_t irq = spin_lock_irqsave(&areas.lock), start = start_of(area), room;
	struct vm_struct *above = NULL;

	if (area != areas.last)
		above = RB_NEXT(area_tree, &areas.tree, area);
	room = (above ? start_of(above) : VMALLOC_END) - start;
	if (size <= room) {
		if (size > area->size)
			MM_EVENT(EVENT_REUSE, start + area->size, 0, size - area->size);
		if (above) {
			above->gap = room - size;
			update_bounds(above);
		}
		area->size = size;
	}
	spin_unlock_irqrestore(&areas.lock, irq);
	return size <= room;
}

bool next_vm_area(uint64_t va, struct vm_struct *copy)
{
	uint64_t irq = spin_lock_irqsave(&areas.lock);
	const struct vm_struct *x = RB_ROOT(&areas.tree), *found = NULL;

	while (x) {
		bool above = start_of(x) + x->size > va;

		if (above)
			found = x;
		x = above ? RB_LEFT(x, node) : RB_RIGHT(x, node);
	}
	if (found)
		*copy = *found;
	spin_unlock_irqrestore(&areas.lock, irq);
	return found;
}

uint64_t nr_vm_areas(void)
{
	uint64_t irq = spin_lock_irqsave(&areas.lock), n = 0;
	struct vm_struct *x;

	RB_FOREACH (x, area_tree, &areas.tree)
		n++;
	spin_unlock_irqrestore(&areas.lock, irq);
	return n;
}

uint64_t vmalloc_nr_pages(void)
{
	uint64_t irq = spin_lock_irqsave(&areas.lock), pages = 0;
	struct vm_struct *x;

	RB_FOREACH (x, area_tree, &areas.tree)
		if (x->flags & VM_ALLOC)
			pages += x->nr_pages;
	spin_unlock_irqrestore(&areas.lock, irq);
	return pages;
}
