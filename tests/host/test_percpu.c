// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/areas/*.c mm/areas/percpu/*.c mm/areas/view/*.c mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c tests/host/arena.c
// libs: -Wl,--wrap=log_printf,--wrap=alloc_pages,--wrap=alloc_pages_bulk,--wrap=table_page_alloc,--wrap=kmalloc
// granules: 12 14 16
// clang-format on
/*
 * Objects that each CPU has a copy of: against a model, at the edges, short of memory. There is
 * no MMU here: copies are read and written where the tables say that they are.
 */
#include "mm/areas/percpu/percpu.h"
#include "tests/host/areas_world.h"

#define UNIT PCPU_MIN_UNIT_SIZE

unsigned nr_cpus = 3;

/* --- an object, and what is known of it ------------------------------------------------- */

struct object {
	char *at; /* as returned; NULL: none */
	uint64_t size, align;
	unsigned char tag; /* the copy of CPU i is filled with tag + i */
};

/* As much of [@va, @va + @bytes) as its first page has: where the tables say. NULL: nowhere. */
static unsigned char *behind(const void *va, uint64_t *bytes)
{
	struct page *page = vmalloc_to_page(va);
	uint64_t offset = (uint64_t)va % PAGE_SIZE;

	*bytes = MIN(*bytes, PAGE_SIZE - offset);
	return page ? (unsigned char *)page_address(page) + offset : NULL;
}

/* Whether all of the copy of @cpu reads @want; then, that it reads @fill. */
static bool replaced(const struct object *o, unsigned cpu, unsigned char want, unsigned char fill)
{
	uint64_t some;

	for (uint64_t done = 0; done < o->size; done += some) {
		unsigned char *p;

		some = o->size - done;
		p = behind(per_cpu_ptr(o->at, cpu) + done, &some);
		for (uint64_t i = 0; i < some; i++)
			if (!p || p[i] != want)
				return false;
		memset(p, fill, some);
	}
	return true;
}

/* Each copy is where it should be, is zero, and is filled. */
static bool made(struct object *o, unsigned char tag)
{
	o->tag = tag;
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		if ((uint64_t)per_cpu_ptr(o->at, cpu) % o->align ||
		    per_cpu_ptr(o->at, cpu) - per_cpu_ptr(o->at, 0) != (long)(cpu * UNIT) ||
		    !replaced(o, cpu, 0, (unsigned char)(tag + cpu)))
			return false;
	return true;
}

/* Each copy has kept what it was filled with; then it is filled with what is not zero, and freed.
 */
static bool unmade(struct object *o)
{
	bool good = true;

	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		good = good && replaced(o, cpu, (unsigned char)(o->tag + cpu), 0xee);
	free_percpu(o->at);
	o->at = NULL;
	return good;
}

/* --- against a model ---------------------------------------------------------------------- */

#define MOST 400

static struct object objects[MOST];

static bool overlaps_none(const struct object *o)
{
	for (unsigned i = 0; i < MOST; i++) {
		const struct object *other = &objects[i];

		if (other != o && other->at && o->at < other->at + other->size &&
		    other->at < o->at + o->size)
			return false;
	}
	return true;
}

/* What real users ask for, small things; what Linux's test does; what hardly fits. */
static void wish(struct object *o, unsigned long long *seed)
{
	unsigned kind = tap_random(seed) % 8;
	uint64_t most = kind < 4 ? 64 : kind < 7 ? 1024 : UNIT;

	o->size = 1 + tap_random(seed) % most;
	o->align = 1UL << tap_random(seed) % (kind < 4 ? 7 : kind < 7 ? 12 : PAGE_SHIFT + 1);
}

static bool step(unsigned long long *seed)
{
	unsigned n = tap_random(seed);
	struct object *o = &objects[n % MOST];

	if (o->at)
		return unmade(o);
	wish(o, seed);
	o->at = __alloc_percpu(o->size, o->align);
	return o->at && overlaps_none(o) && made(o, (unsigned char)n);
}

static void test_model(unsigned cpus)
{
	struct world before;
	bool good;

	nr_cpus = cpus;
	free_percpu(__alloc_percpu(1, 1)); /* upper tables stay */
	before = look();
	for (unsigned long long run = 1, seed = 1; run <= 4; seed = ++run) {
		good = true;
		for (unsigned i = 0; good && i < 3000; i++)
			good = step(&seed);
		ok(good, "%u CPUs, run %llu: aligned, apart, zero, kept; %lu areas", cpus, run,
		   look().areas - before.areas);
		for (unsigned i = 0; i < MOST; i++)
			good = !objects[i].at || unmade(&objects[i]) ? good : false;
		ok(good && unchanged(&before), "all are freed: nothing is lost");
	}
	nr_cpus = 3;
}

/* --- places ------------------------------------------------------------------------------- */

#define MANY (UNIT / 4)

static char *many[MANY + 1];

/* A chunk holds just what its unit does, and what is given back is found again. */
static void test_full(void)
{
	struct world before = look();
	bool good = true;

	for (unsigned i = 0; i < MANY; i++) {
		many[i] = __alloc_percpu(i % 4 + 1, 1);
		good = good && many[i] == many[0] + 4 * i;
	}
	ok(good && look().areas == before.areas + 1, "%lu objects of 4 bytes or less: one chunk",
	   MANY);
	many[MANY] = __alloc_percpu(1, 1);
	ok(many[MANY] && look().areas == before.areas + 2, "one more: another");
	free_percpu(many[MANY]);
	ok(look().areas == before.areas + 1, "it goes with its last object");
	for (unsigned i = 0; i < MANY; i += 2)
		free_percpu(many[i]);
	many[MANY] = __alloc_percpu(8, 4);
	ok(many[MANY] && look().areas == before.areas + 2, "half free, no two neighbours");
	free_percpu(many[MANY]);
	for (unsigned i = 0; i < MANY; i += 2) {
		many[i] = __alloc_percpu(4, 4);
		good = good && many[i] == many[0] + 4 * i;
	}
	ok(good, "each hole is found again, the lowest first");
	free_percpu(many[MANY / 2]);
	free_percpu(many[MANY / 2 - 1]);
	many[MANY] = __alloc_percpu(8, 8);
	ok(many[MANY] != many[MANY / 2 - 1] || IS_ALIGNED((uint64_t)many[MANY], 8),
	   "a hole of the size, where the alignment allows");
	free_percpu(many[MANY]);
	many[MANY] = __alloc_percpu(8, 4);
	ok(many[MANY] == many[MANY / 2 - 1], "two that are neighbours are one hole");
	free_percpu(many[MANY]);
	many[MANY / 2 - 1] = __alloc_percpu(4, 4);
	many[MANY / 2] = __alloc_percpu(4, 4);
	free_percpu(__alloc_percpu(4, 4)); /* now it is known to be full */
	free_percpu(many[MANY / 2 - 1]);
	free_percpu(many[MANY / 2]);
	many[MANY] = __alloc_percpu(8, 4);
	ok(many[MANY] == many[MANY / 2 - 1], "whichever comes first");
	for (unsigned i = 0; i <= MANY; i++)
		if (i != MANY / 2 && i != MANY / 2 - 1)
			free_percpu(many[i]);
	ok(unchanged(&before), "nothing is lost");
}

static void test_largest(void)
{
	struct world before = look();
	struct object o = { .size = UNIT, .align = PAGE_SIZE }, rest = { .size = 4, .align = 4 };

	o.at = __alloc_percpu(o.size, o.align);
	rest.at = __alloc_percpu(rest.size, rest.align);
	ok(o.at && rest.at && look().areas == before.areas + 2, "an object of a whole unit");
	ok(made(&o, 7) && made(&rest, 9) && unmade(&o) && unmade(&rest) && unchanged(&before),
	   "all of it is its own");
}

/* Misaligned holes in more chunks than are looked into: another chunk, unless there is none. */
static void test_misfits(void)
{
	enum { CHUNKS = 9 };
	struct world before = look();
	char *low[CHUNKS], *high[CHUNKS], *got, *last;
	bool good = true;

	/* In each a hole of 1024 bytes, page aligned in the last alone. */
	for (unsigned i = 0; i < CHUNKS; i++) {
		uint64_t below = i < CHUNKS - 1 ? UNIT / 2 - 4 : UNIT / 2;

		low[i] = __alloc_percpu(below, 4);
		got = __alloc_percpu(1024, 4);
		high[i] = __alloc_percpu(UNIT - below - 1024, 4);
		good = good && high[i] == low[i] + below + 1024;
		many[i] = got;
	}
	for (unsigned i = 0; i < CHUNKS; i++)
		free_percpu(many[i]);
	free_percpu(__alloc_percpu(UNIT, 4)); /* looks into each: now it is known what they have */
	ok(good && look().areas == before.areas + CHUNKS, "%u chunks with a hole", CHUNKS);
	last = low[CHUNKS - 1] + UNIT / 2;
	got = __alloc_percpu(1024, 1024);
	ok(got && got != last && look().areas == before.areas + CHUNKS + 1,
	   "after a few that do not fit, a new one");
	free_percpu(got);
	fail_once = false;
	failures = 0;
	fail_in = 0;
	got = __alloc_percpu(1024, 1024);
	fail_in = -1;
	ok(failures && got == last, "without memory for that, every one is looked into");
	free_percpu(got);
	for (unsigned i = 0; i < CHUNKS; i++) {
		free_percpu(low[i]);
		free_percpu(high[i]);
	}
	ok(unchanged(&before), "nothing is lost");
}

/* --- refusals ----------------------------------------------------------------------------- */

static bool alloc_refused(size_t size, size_t align)
{
	log_lines = 0;
	return !__alloc_percpu(size, align) && log_lines == 1 &&
	       !strncmp(log_text, "__alloc_percpu: bad size", 24);
}

static bool free_refused(const void *object)
{
	log_lines = 0;
	free_percpu(object);
	return log_lines == 1 && !strncmp(log_text, "free_percpu: bad object", 23);
}

static void test_refusals(void)
{
	struct world before = look();
	char *one = __alloc_percpu(24, 8), *two = __alloc_percpu(9, 1), *v = vmalloc(1);
	uint64_t *typed = alloc_percpu(uint64_t);

	ok(alloc_refused(0, 8) && alloc_refused(UNIT + 1, 8) && alloc_refused(~0UL, 8) &&
		   alloc_refused(8, 2 * PAGE_SIZE) && alloc_refused(8, 24) &&
		   alloc_refused(8, ~0UL),
	   "no bytes, too many, an alignment that is none or more than a page");
	ok(IS_ALIGNED((uint64_t)typed, 8) && two == one + 24, "the smallest alignments are 4");
	ok(free_refused(one + 4) && free_refused(one + 2) && free_refused(two + 8) &&
		   free_refused(one + UNIT) && free_refused(one - 4) && free_refused(two + 12),
	   "the middle of an object, a CPU's copy, what is free");
	ok(free_refused(per_cpu_ptr(one, 0)) && free_refused(v) && free_refused((void *)4) &&
		   free_refused((void *)~0UL),
	   "an address, and what is no object");
	log_lines = 0;
	free_percpu(NULL);
	free_percpu(one);
	ok(!log_lines && free_refused(one), "NULL is fine, twice is not");
	one = __alloc_percpu(4, 8);
	free_percpu(one);
	ok(one == __alloc_percpu(24, 8) && free_refused(one + 4),
	   "nor the middle of one where a shorter one ended");
	free_percpu(one);
	free_percpu(two);
	free_percpu(typed);
	ok(free_refused(two), "nor in a chunk that is gone");
	vfree(v);
	ok(unchanged(&before), "nothing is lost");
}

static void *get_small(void)
{
	return __alloc_percpu(100, 64);
}

/* RAM is what there is: as many chunks as fit, then NULL, and all of it comes back. */
static void test_exhaustion(void)
{
	struct world before = look();
	unsigned n = 0;
	char **object, *first = NULL;

	while ((object = __alloc_percpu(UNIT, PAGE_SIZE))) {
		uint64_t some = sizeof(char *);

		memcpy(behind(per_cpu_ptr(object, 0), &some), &first, sizeof(first));
		first = (char *)object;
		n++;
	}
	ok(n > 100, "%u chunks are all that there is memory for", n);
	while (first) {
		uint64_t some = sizeof(char *);
		char *next;

		memcpy(&next, behind(per_cpu_ptr(first, 0), &some), sizeof(next));
		free_percpu(first);
		first = next;
	}
	ok(look().free_pages + look().tables == before.free_pages + before.tables &&
		   look().areas == before.areas,
	   "all of it comes back");
}

int main(void)
{
	start_world();
	test_model(1);
	test_model(3);
	test_model(8);
	test_full();
	test_largest();
	test_misfits();
	test_refusals();
	inject(get_small, free_percpu, "__alloc_percpu");
	test_exhaustion();
	return tap_done();
}
