// SPDX-License-Identifier: MIT
/*
 * What software may rely on (hostile-oracle.h).
 */
#include <stdlib.h>

#include "tests/host/hostile-oracle.h"
#include "tests/host/hostile-vmemmap.h"

#define RECENT	  8
#define LIMBO_MAX 512

struct mapping live[LIVE_MAX];
unsigned nr_live;

struct range {
	uint64_t va, end;
};
static struct range recent[RECENT], current, leaving;
static struct change changing; /* empty: no call changes permissions */
static unsigned nr_recent;
static struct range limbo[LIMBO_MAX]; /* wait for a purge */
static unsigned nr_limbo;

void oracle_start(void)
{
	nr_live = nr_recent = nr_limbo = 0;
	current = leaving = (struct range){ 0, 0 };
	changing = (struct change){ 0 };
}

static __always_inline uint64_t mapping_end(const struct mapping *m)
{
	return m->va + (m->pages << PAGE_SHIFT);
}

/* The first mapping that ends past @va. */
static unsigned find(uint64_t va)
{
	unsigned lo = 0, hi = nr_live;

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;

		if (mapping_end(&live[mid]) > va)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

static uint64_t frame_of(const struct mapping *m, uint64_t i)
{
	switch (m->kind) {
	case BY_RANGE:
		return m->pa + (i << PAGE_SHIFT);
	case BY_PAGES:
		return page_to_phys(m->array[i]);
	default:
		return page_to_phys(m->array[i >> m->order]) +
		       ((i & ((1UL << m->order) - 1)) << PAGE_SHIFT);
	}
}

/* @bits of @va, permissions and DESC_VALID, after @c. */
static __always_inline desc_t changed(const struct change *c, uint64_t va, desc_t bits)
{
	return va - c->va < c->end - c->va ? (bits & ~c->clear) | c->set : bits;
}

bool oracle_answer(uint64_t va, struct answer *answer)
{
	unsigned at = find(va);
	const struct mapping *m = &live[at];
	desc_t bits, next;

	if (vmemmap_answer(va, answer))
		return true;
	if (vmemmap_is_elsewhere(va))
		return false;
	if (va - leaving.va < leaving.end - leaving.va)
		return false;
	for (unsigned i = 0; i < nr_limbo; i++)
		if (va - limbo[i].va < limbo[i].end - limbo[i].va)
			return false;
	*answer = (struct answer){ .mapped = false };
	if (at == nr_live || va < m->va)
		return true;
	bits = m->prot | DESC_VALID;
	for (unsigned i = 0; i < m->nr_changes; i++)
		bits = changed(&m->changes[i], va, bits);
	next = changed(&changing, va, bits);
	if ((bits ^ next) & DESC_VALID)
		return false;
	if (bits & DESC_VALID)
		*answer = (struct answer){ .mapped = true,
					   .pa = frame_of(m, (va - m->va) >> PAGE_SHIFT),
					   .prot = bits & ~DESC_VALID,
					   .either = next & ~DESC_VALID };
	return true;
}

void oracle_change(const struct change *change)
{
	changing = *change;
}

void oracle_changed(unsigned at)
{
	live[at].changes[live[at].nr_changes++] = changing;
	changing = (struct change){ 0 };
}

void oracle_add(const struct mapping *m)
{
	unsigned at = find(m->va);

	if (nr_live == LIVE_MAX || (at < nr_live && live[at].va < mapping_end(m))) {
		hostile_fail("0x%lx was given out twice", m->va);
		return;
	}
	for (unsigned i = nr_live++; i > at; i--)
		live[i] = live[i - 1];
	live[at] = *m;
}

void oracle_give_up(unsigned at, uint64_t va, uint64_t end)
{
	struct mapping *m = &live[at];
	uint64_t front = (end - m->va) >> PAGE_SHIFT;

	leaving = (struct range){ va, end };
	if (va > m->va) { /* the back */
		m->pages = (va - m->va) >> PAGE_SHIFT;
	} else if (end < mapping_end(m)) {
		m->va = end;
		m->pages -= front;
		m->pa += front << PAGE_SHIFT;
		if (m->kind == BY_PAGES)
			m->array += front;
	} else {
		for (nr_live--; at < nr_live; at++)
			live[at] = live[at + 1];
	}
}

void oracle_unmapped(void)
{
	leaving = (struct range){ 0, 0 };
}

void oracle_unmapped_lazily(uint64_t va, uint64_t end)
{
	leaving = (struct range){ 0, 0 };
	if (nr_limbo == LIMBO_MAX) {
		hostile_fail("more than %u areas wait for a purge", LIMBO_MAX);
		return;
	}
	limbo[nr_limbo++] = (struct range){ va, end };
}

void oracle_purged(void)
{
	unsigned n = nr_limbo;

	nr_limbo = 0;
	for (unsigned i = 0; i < n; i++)
		oracle_check(limbo[i].va, limbo[i].end);
}

void oracle_current(uint64_t va, uint64_t end)
{
	current = (struct range){ va, end };
}

uint64_t oracle_free_bytes(uint64_t va, uint64_t most)
{
	unsigned at = find(va);

	if (at == nr_live)
		return most;
	return live[at].va <= va ? 0 : MIN(live[at].va - va, most);
}

/* --- addresses to try --------------------------------------------------------------------- */

/* Often at an end, or a page or two off it. */
static uint64_t address_of(uint64_t va, uint64_t end)
{
	uint64_t pages = (end - va) >> PAGE_SHIFT;

	switch (hostile_pick(8)) {
	case 0:
		return va;
	case 1:
		return end - PAGE_SIZE;
	case 2:
		return (hostile_pick(2) ? va : end) + (hostile_pick(5) << PAGE_SHIFT) -
		       2 * PAGE_SIZE;
	default:
		return va + (hostile_pick_long(pages) << PAGE_SHIFT);
	}
}

uint64_t oracle_mapped_address(void)
{
	uint64_t va = vmemmap_address();
	const struct mapping *m;

	if (va || !nr_live)
		return va;
	m = &live[hostile_pick(nr_live)];
	return m->va + (hostile_pick_long(m->pages) << PAGE_SHIFT);
}

uint64_t oracle_target(void)
{
	unsigned kind = hostile_pick(16);
	uint64_t va;

	if (kind < 6 && current.va < current.end)
		return address_of(current.va, current.end);
	if (kind < 11 && stored_lo < stored_hi)
		return address_of(stored_lo, stored_hi);
	if (kind < 13 && nr_recent) {
		const struct range *r = &recent[hostile_pick(MIN(nr_recent, RECENT))];

		return address_of(r->va, r->end);
	}
	va = oracle_mapped_address();
	return va ? va : VMALLOC_START + (hostile_pick(4096) << PAGE_SHIFT);
}

/* --- after each call ---------------------------------------------------------------------- */

static void check_address(unsigned cpu, uint64_t va)
{
	struct answer want;

	if (oracle_answer(va, &want))
		tlb_access(cpu, va, &want);
}

void oracle_check(uint64_t va, uint64_t end)
{
	uint64_t pages = (end - va) >> PAGE_SHIFT;
	unsigned other = hostile_pick(hostile.cpus), mine = hostile.cpu;

	hostile.in_call = false;
	recent[nr_recent++ % RECENT] = (struct range){ va, end };
	tlb_audit(va, end);
	check_address(mine, va);
	check_address(mine, end - PAGE_SIZE);
	check_address(other, va - PAGE_SIZE);
	check_address(other, end);
	for (unsigned i = 0; i < 3; i++)
		check_address(i ? other : mine, va + (hostile_pick_long(pages) << PAGE_SHIFT));
	check_address(hostile_pick(hostile.cpus), oracle_target());
	current = (struct range){ 0, 0 };
}
