// SPDX-License-Identifier: MIT
/*
 * Chunks of per-CPU memory (percpu.h). A chunk is one vmalloc() area of a unit a CPU, side by
 * side; an object lies at the same offset in each unit, so that its copies are a constant apart.
 * Linux, whose units are as far apart as its NUMA nodes, gets congruent areas for the same end.
 *
 * What of a unit is in use is kept in bitmaps, a bit for 4 bytes. A chunk goes with its last
 * object. The lock is held for bitmaps and lists only: memory is got before, given back after.
 */
#include "mm/areas/percpu/percpu.h"

#include <string.h>
#include <sys/queue.h>

#include "lib/lock.h"
#include "lib/log.h"
#include "mm/areas/vmalloc.h"
#include "mm/phys/kmalloc.h"

#define WORD_BITS     64u
#define UNIT_GRANULES ((unsigned)(PCPU_MIN_UNIT_SIZE / PCPU_MIN_ALLOC_SIZE))
#define UNIT_WORDS    (UNIT_GRANULES / WORD_BITS)
static_assert(UNIT_GRANULES % WORD_BITS == 0, "bitmaps of whole words");

/*
 * So many chunks that might hold an object, for it is no longer than their longest run, are
 * looked into; then only those that will, wherever that run begins, or a new one. In test_vmalloc's
 * pcpu_alloc one is a fifth fewer instructions for 16 pages of 4,800 more, four are half as many
 * again for no page less.
 */
#define CHUNK_MISFITS 2

struct pcpu_chunk {
	RB_ENTRY(pcpu_chunk) node;    /* by address */
	TAILQ_ENTRY(pcpu_chunk) link; /* of its slot's */
	uint64_t base;		      /* CPU 0's unit */
	struct page *const *pages;    /* of all units */
	unsigned objects;
	unsigned bound; /* no run of free granules is longer; it may be stale, then it is larger */
	uint64_t used[UNIT_WORDS];
	uint64_t last[UNIT_WORDS]; /* granules that are the last of an object */
};

/* Chunks by log2 of their bound; those that are full are in none. */
#define NR_SLOTS 16
static_assert(UNIT_GRANULES < 1u << NR_SLOTS, "a slot for each bound");

TAILQ_HEAD(chunk_list, pcpu_chunk);

static struct {
	RB_HEAD(chunk_tree, pcpu_chunk) tree;
	struct chunk_list slots[NR_SLOTS];
	spinlock_t lock; /* tree, slots, every chunk's bitmaps and counts */
} chunks = { .tree = RB_INITIALIZER(&chunks.tree), .lock = SPINLOCK_INIT };

static int by_address(const struct pcpu_chunk *a, const struct pcpu_chunk *b)
{
	return a->base < b->base ? -1 : a->base > b->base;
}

RB_GENERATE_INSERT_COLOR(chunk_tree, pcpu_chunk, node, static)
RB_GENERATE_REMOVE_COLOR(chunk_tree, pcpu_chunk, node, static)
RB_GENERATE_INSERT(chunk_tree, pcpu_chunk, node, by_address, static)
RB_GENERATE_REMOVE(chunk_tree, pcpu_chunk, node, static)

/* --- bitmaps ------------------------------------------------------------------------------ */

static bool test_bit(const uint64_t *map, unsigned at)
{
	return map[at / WORD_BITS] >> at % WORD_BITS & 1;
}

static void fill_bits(uint64_t *map, unsigned at, unsigned n, bool set)
{
	for (unsigned end = at + n, some; at < end; at += some) {
		unsigned first = at % WORD_BITS;
		uint64_t mask;

		some = MIN(WORD_BITS - first, end - at);
		mask = ~0UL >> (WORD_BITS - some) << first;
		if (set)
			map[at / WORD_BITS] |= mask;
		else
			map[at / WORD_BITS] &= ~mask;
	}
}

/* The first bit from @from on that is @set; UNIT_GRANULES: none. */
static unsigned next_bit(const uint64_t *map, unsigned from, bool set)
{
	uint64_t flip = set ? 0 : ~0UL, word;
	unsigned i = from / WORD_BITS;

	if (from >= UNIT_GRANULES)
		return UNIT_GRANULES;
	word = (map[i] ^ flip) & ~0UL << from % WORD_BITS;
	while (!word) {
		if (++i == UNIT_WORDS)
			return UNIT_GRANULES;
		word = map[i] ^ flip;
	}
	return i * WORD_BITS + (unsigned)__builtin_ctzl(word);
}

/* Where the run of clear bits that ends below @end begins; @end: that bit is set. */
static unsigned clear_from(const uint64_t *map, unsigned end)
{
	while (end) {
		unsigned i = (end - 1) / WORD_BITS;
		uint64_t word = map[i] & ~0UL >> (WORD_BITS - 1 - (end - 1) % WORD_BITS);

		if (word)
			return (i + 1) * WORD_BITS - (unsigned)__builtin_clzl(word);
		end = i * WORD_BITS;
	}
	return 0;
}

/* --- one chunk ---------------------------------------------------------------------------- */

/* The first place for @n granules at a multiple of @align; UNIT_GRANULES: none, bound is exact. */
static unsigned find_place(struct pcpu_chunk *c, unsigned n, unsigned align)
{
	unsigned longest = 0, end;

	for (unsigned at = next_bit(c->used, 0, false); at < UNIT_GRANULES;
	     at = next_bit(c->used, end, false)) {
		end = next_bit(c->used, at, true);
		if (ALIGN_UP(at, align) + n <= end)
			return ALIGN_UP(at, align);
		longest = MAX(longest, end - at);
	}
	c->bound = longest;
	return UNIT_GRANULES;
}

static void take_place(struct pcpu_chunk *c, unsigned at, unsigned n)
{
	fill_bits(c->used, at, n, true);
	fill_bits(c->last, at + n - 1, 1, true);
	c->objects++;
}

/* False: no object begins there. */
static bool give_place(struct pcpu_chunk *c, unsigned at)
{
	unsigned end;

	if (!test_bit(c->used, at) ||
	    (at && test_bit(c->used, at - 1) && !test_bit(c->last, at - 1)))
		return false;
	end = next_bit(c->last, at, true) + 1;
	fill_bits(c->used, at, end - at, false);
	fill_bits(c->last, end - 1, 1, false);
	c->objects--;
	/* The run that it is part of now. */
	c->bound = MAX(c->bound, next_bit(c->used, at, true) - clear_from(c->used, at));
	return true;
}

/* Through the linear map: the copies of CPUs that are off too, whatever a TLB holds. */
static void zero_copies(const struct pcpu_chunk *c, uint64_t offset, uint64_t bytes)
{
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++) {
		uint64_t at = cpu * PCPU_MIN_UNIT_SIZE + offset, end = at + bytes, some;

		for (; at < end; at += some) {
			char *page = page_address(c->pages[at >> PAGE_SHIFT]);

			some = MIN(PAGE_SIZE - at % PAGE_SIZE, end - at);
			memset(page + at % PAGE_SIZE, 0, some);
		}
	}
}

/* Nobody's yet. NULL: no memory, no addresses. */
static struct pcpu_chunk *new_chunk(void)
{
	struct pcpu_chunk *c = kzalloc(sizeof(*c), GFP_KERNEL);
	void *units = c ? vmalloc(nr_cpus * PCPU_MIN_UNIT_SIZE) : NULL;

	if (!units) {
		kfree(c);
		return NULL;
	}
	c->base = (uint64_t)units;
	c->pages = find_vm_area(units)->pages;
	c->bound = UNIT_GRANULES;
	return c;
}

static void free_chunk(struct pcpu_chunk *c)
{
	vfree((void *)c->base);
	kfree(c);
}

/* --- all chunks; the caller has the lock -------------------------------------------------- */

static struct chunk_list *slot_of(unsigned bound)
{
	struct chunk_list *slot = &chunks.slots[ilog2(bound)];

	if (!slot->tqh_last)
		TAILQ_INIT(slot);
	return slot;
}

/* @c had @bound when it was put into its slot; 0: it is in none. Others come first there now. */
static void move_chunk(struct pcpu_chunk *c, unsigned bound)
{
	if (bound)
		TAILQ_REMOVE(slot_of(bound), c, link);
	if (c->bound)
		TAILQ_INSERT_TAIL(slot_of(c->bound), c, link);
}

/* The chunk whose unit of CPU 0 holds @va, NULL if none does. */
static struct pcpu_chunk *chunk_at(uint64_t va)
{
	struct pcpu_chunk *c = RB_ROOT(&chunks.tree);

	while (c && va - c->base >= PCPU_MIN_UNIT_SIZE)
		c = va < c->base ? RB_LEFT(c, node) : RB_RIGHT(c, node);
	return c;
}

/* Takes @n granules in a chunk of @slot; one less of *@tries for each that has no place. */
static struct pcpu_chunk *take_in_slot(struct chunk_list *slot, unsigned n, unsigned align,
				       unsigned *tries, unsigned *at)
{
	struct pcpu_chunk *c, *next, *end = TAILQ_LAST(slot, chunk_list);
	bool more = end;

	for (c = TAILQ_FIRST(slot); more && *tries; c = next) {
		unsigned bound = c->bound;

		next = TAILQ_NEXT(c, link);
		more = c != end; /* what is moved comes behind it */
		*at = find_place(c, n, align);
		if (*at < UNIT_GRANULES) {
			take_place(c, *at, n);
			return c;
		}
		move_chunk(c, bound);
		--*tries;
	}
	return NULL;
}

/*
 * Takes @n granules at a multiple of @align, @tries at most where alignment may leave no place.
 * A chunk of a slot that has room for that too fails only where its bound was stale: once.
 */
static struct pcpu_chunk *take_anywhere(unsigned n, unsigned align, unsigned tries, unsigned *at)
{
	unsigned slot = ilog2(n), sure = ilog2(n + align - 1) + 1, any = UINT32_MAX;
	struct pcpu_chunk *c = NULL;

	for (; !c && slot < NR_SLOTS; slot++)
		c = take_in_slot(slot_of(1u << slot), n, align, slot < sure ? &tries : &any, at);
	return c;
}

/* --- the calls ---------------------------------------------------------------------------- */

static struct pcpu_chunk *take(unsigned n, unsigned align, unsigned tries, unsigned *at)
{
	uint64_t irq = spin_lock_irqsave(&chunks.lock);
	struct pcpu_chunk *c = take_anywhere(n, align, tries, at);

	spin_unlock_irqrestore(&chunks.lock, irq);
	return c;
}

/* The same in a chunk that nobody else has seen. */
static struct pcpu_chunk *take_in_new(unsigned n, unsigned *at)
{
	struct pcpu_chunk *c = new_chunk();
	uint64_t irq;

	if (!c)
		return NULL;
	*at = 0;
	take_place(c, 0, n);
	irq = spin_lock_irqsave(&chunks.lock);
	RB_INSERT(chunk_tree, &chunks.tree, c);
	move_chunk(c, 0);
	spin_unlock_irqrestore(&chunks.lock, irq);
	return c;
}

void *__alloc_percpu(size_t size, size_t align)
{
	struct pcpu_chunk *c;
	unsigned n, at, step;

	if (size - 1 >= PCPU_MIN_UNIT_SIZE || align > PAGE_SIZE ||
	    (align > PCPU_MIN_ALLOC_SIZE && align & (align - 1))) {
		log_printf("__alloc_percpu: bad size %zu or alignment %zu\n", size, align);
		return NULL;
	}
	n = (unsigned)(ALIGN_UP(size, PCPU_MIN_ALLOC_SIZE) / PCPU_MIN_ALLOC_SIZE);
	step = (unsigned)(MAX(align, PCPU_MIN_ALLOC_SIZE) / PCPU_MIN_ALLOC_SIZE);
	c = take(n, step, CHUNK_MISFITS, &at) ?: take_in_new(n, &at);
	if (unlikely(!c)) /* no memory for another: look into every one */
		c = take(n, step, UINT32_MAX, &at);
	if (!c)
		return NULL;
	/* The chunk stays while it has this object. */
	zero_copies(c, at * PCPU_MIN_ALLOC_SIZE, n * PCPU_MIN_ALLOC_SIZE);
	return (void *)(c->base + at * PCPU_MIN_ALLOC_SIZE - VMALLOC_START);
}

/* False: no object is there. *@empty: a chunk that was its, and is nobody's now. */
static bool give_object(uint64_t va, struct pcpu_chunk **empty)
{
	struct pcpu_chunk *c = chunk_at(va);
	unsigned bound = c ? c->bound : 0;

	if (!c || !IS_ALIGNED(va, PCPU_MIN_ALLOC_SIZE) ||
	    !give_place(c, (unsigned)((va - c->base) / PCPU_MIN_ALLOC_SIZE)))
		return false;
	move_chunk(c, bound);
	if (!c->objects) {
		TAILQ_REMOVE(slot_of(c->bound), c, link);
		RB_REMOVE(chunk_tree, &chunks.tree, c);
		*empty = c;
	}
	return true;
}

void free_percpu(const void *object)
{
	struct pcpu_chunk *empty = NULL;
	uint64_t irq;
	bool good;

	if (!object)
		return;
	irq = spin_lock_irqsave(&chunks.lock);
	good = give_object(VMALLOC_START + (uint64_t)object, &empty);
	spin_unlock_irqrestore(&chunks.lock, irq);
	if (!good)
		log_printf("free_percpu: bad object %p\n", object);
	else if (empty)
		free_chunk(empty);
}
