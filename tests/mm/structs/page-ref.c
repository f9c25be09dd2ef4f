// SPDX-License-Identifier: MIT
/*
 * Suite structs: speculative references by both forms of compare-and-swap. Struct pages that have
 * none are read through a read-only mapping, where whatever wants to write faults.
 */
#include "drivers/smp/hang.h"
#include "lib/arm64/probe.h"
#include "mm/areas/vmalloc.h"
#include "mm/phys/page-ref.h"
#include "mm/phys/ranges.h"
#include "tests/support.h"

/* Struct pages that fill a page; it begins with the head of a compound page of ORDER. */
#define STRUCTS (PAGE_SIZE / STRUCT_PAGE_SIZE)
#define ORDER	5u

/* What the probe calls: no arguments, no result but this. */
static struct page *target, *got_head;
static bool got;

static void get_by_llsc(void)
{
	got = get_page_unless_zero_by(target, 0, cas64_llsc);
}

static void get_by_lse(void)
{
	got = get_page_unless_zero_by(target, 0, cas64_lse);
}

static void get_by_either(void)
{
	got = get_page_unless_zero(target);
}

static void get_head(void)
{
	got_head = try_get_page(target);
	got = got_head != NULL;
}

static const struct {
	const char *name;
	void (*call)(void);
	bool lse;
} forms[] = {
	{ "exclusives", get_by_llsc, false },
	{ "LSE", get_by_lse, true },
	{ "the one in force", get_by_either, false },
	{ "try_get_page()", get_head, false },
};

/* The same struct pages, writable and not. */
struct two {
	struct page *frame, *rw, *ro;
};

static bool begin_two(struct two *t)
{
	t->frame = alloc_pages(GFP_KERNEL, 0);
	if (!CHECK(t->frame))
		return false;
	t->rw = page_address(t->frame);
	t->ro = vmap(&t->frame, 1, VM_MAP, PAGE_KERNEL_RO);
	page_fill_tails(t->rw, STRUCTS, ZONE_NORMAL, ORDER);
	t->rw->compound_info = 0;
	return CHECK(t->ro);
}

static void end_two(struct two *t)
{
	vunmap(t->ro);
	__free_pages(t->frame, 0);
}

static struct fault get_from(struct page *page, unsigned form)
{
	target = page;
	got = false;
	return probe_exec((const void *)forms[form].call);
}

static bool is_here(unsigned form)
{
	return !forms[form].lse || cpu_has_lse();
}

/* No form writes to @page, which has no reference, or looks as if it could. */
static void check_refused(struct page *page, uint64_t state, struct two *t)
{
	uint64_t *word = &t->rw[page - t->ro].state;

	*word = state;
	for (unsigned i = 0; i < ARRAY_SIZE(forms); i++) {
		if (!is_here(i))
			continue;
		if (!CHECK_EQ(get_from(page, i).class, FAULT_NONE) || !CHECK(!got))
			ktap_note("%s, state 0x%lx", forms[i].name, state);
		CHECK_EQ(*word, state);
	}
}

TEST(structs_read_only, "structs/a-get-of-a-read-only-tail-neither-writes-nor-faults")
{
	uint64_t tail = PAGE_STATE(PG_TAIL, ZONE_NORMAL, 0, 0);
	struct two t = { 0 };

	if (!begin_two(&t))
		return;
	t.rw->state = PAGE_STATE(PG_BLOCK | PG_ALLOCATED | PG_HEAD, ZONE_NORMAL, ORDER, 0);
	for (unsigned i = 1; i < STRUCTS; i++)
		check_refused(t.ro + i, tail, &t);
	/* Heads that nobody has a reference to, of each kind. */
	check_refused(t.ro, t.rw->state | PG_HUGE, &t);
	check_refused(t.ro, t.rw->state | PG_HVO, &t);
	check_refused(t.ro, PAGE_STATE(PG_BUDDY, ZONE_NORMAL, 3, 0), &t);
	check_refused(t.ro, 0, &t);
	end_two(&t);
}

/* Where there is a reference it is counted, and that is a write: the test above can fail. */
TEST(structs_writes, "structs/a-get-of-a-read-only-head-faults")
{
	uint64_t head = PAGE_STATE(PG_BLOCK | PG_ALLOCATED | PG_HEAD, ZONE_NORMAL, ORDER, 1);
	struct two t = { 0 };

	if (!begin_two(&t))
		return;
	t.rw->state = head;
	for (unsigned i = 0; i < ARRAY_SIZE(forms); i++) {
		struct fault fault;

		if (!is_here(i))
			continue;
		fault = get_from(t.ro, i);
		if (!CHECK_EQ(fault.class, FAULT_PERMISSION) || !CHECK(fault.write))
			ktap_note("%s", forms[i].name);
		CHECK_EQ(fault.far, (uint64_t)t.ro);
		CHECK_EQ(t.rw->state, head);
	}
	/* A tail leads to it. */
	CHECK_EQ(get_from(t.ro + 3, ARRAY_SIZE(forms) - 1).far, (uint64_t)t.ro);
	end_two(&t);
}

TEST(structs_forms, "structs/both-forms-count")
{
	struct two t = { 0 };

	if (!begin_two(&t))
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(forms); i++) {
		uint64_t state =
			PAGE_STATE(PG_BLOCK | PG_ALLOCATED | PG_HEAD, ZONE_NORMAL, ORDER, 7);

		if (!is_here(i))
			continue;
		t.rw->state = state;
		CHECK_EQ(get_from(t.rw, i).class, FAULT_NONE);
		CHECK(got);
		CHECK_EQ(t.rw->state, state + PAGE_STATE(0, 0, 0, 1));
		CHECK_EQ(page_count(t.rw + 9), 8);
	}
	CHECK(got_head == t.rw);
	/* What is another is left alone. */
	t.rw->state = 7;
	CHECK(!cas64_llsc(&t.rw->state, 5, 6) && !cas64(&t.rw->state, 5, 6));
	CHECK_EQ(t.rw->state, 7);
	end_two(&t);
}

TEST_ON_EACH_CPU(structs_lse, "structs/lse-is-used-where-every-cpu-has-it")
{
	CHECK(!cpus_have_lse || cpu_has_lse());
	/* All CPUs of the machines that we boot on are of one kind. */
	CHECK_EQ(cpus_have_lse, cpu_has_lse());
}

/* --- with the allocator at work ------------------------------------------------------------------
 */

#define ROUNDS	  600
#define MOST_LIVE 5u

/* What was allocated last, by anybody: where lookups look. */
static struct page *seen[8];
static uint64_t found;

static void look(uint64_t *seed)
{
	struct page *page =
		__atomic_load_n(&seen[random_below(seed, ARRAY_SIZE(seen))], __ATOMIC_RELAXED);
	struct page *head;

	if (!page)
		return;
	page += random_below(seed, 1 << MOST_LIVE);
	head = pfn_valid(page_to_pfn(page)) ? try_get_page(page) : NULL;
	if (!head)
		return;
	/* While it is ours, it stays what it was. */
	CHECK(compound_head(page) == head && head->flags & PG_HEAD && page_count(page) >= 1);
	CHECK((uint64_t)(page - head) < 1UL << head->order);
	put_page(head);
	__atomic_fetch_add(&found, 1, __ATOMIC_RELAXED);
}

static void churn(struct page **own, uint64_t *seed)
{
	unsigned order = random_below(seed, MOST_LIVE + 1);
	gfp_t gfp = random_below(seed, 4) ? __GFP_COMP : 0;

	if (*own)
		put_page(*own);
	*own = alloc_pages(GFP_KERNEL | gfp, order);
	if (*own)
		__atomic_store_n(&seen[random_below(seed, ARRAY_SIZE(seen))], *own,
				 __ATOMIC_RELAXED);
}

static void look_and_churn(void *unused __attribute__((unused)))
{
	uint64_t seed = random_seed() + smp_processor_id() * 977;
	struct page *own[4] = { NULL };

	for (unsigned i = 0; i < ROUNDS; i++) {
		churn(&own[i % ARRAY_SIZE(own)], &seed);
		for (unsigned n = 0; n < 4; n++)
			look(&seed);
		if (i % 16 == 0) {
			drain_hot_lists();
			hang_alive();
		}
	}
	for (unsigned i = 0; i < ARRAY_SIZE(own); i++)
		if (own[i])
			put_page(own[i]);
}

static void race(void)
{
	found = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(seen); i++)
		seen[i] = NULL;
	work_on_each_cpu(look_and_churn, NULL);
	CHECK(found > ROUNDS / 4);
}

TEST(structs_race, "structs/lookups-while-others-allocate-and-free")
{
	bool lse = cpus_have_lse;

	race();
	/* Exclusives on CPUs that have both. */
	WRITE_ONCE(cpus_have_lse, false);
	race();
	WRITE_ONCE(cpus_have_lse, lse);
}
