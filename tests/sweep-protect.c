// SPDX-License-Identifier: MIT
/*
 * The calls that are swept: permissions that change from the middle of one leaf to the middle of
 * another, which needs tables.
 */
#include <errno.h>

#include "mm/areas/ioremap.h"
#include "mm/areas/set_memory.h"
#include "mm/phys/fail.h"
#include "tests/sweep-internal.h"

#if HAVE_FAIL_NTH
static uint64_t va;

static bool prepare(const struct sweep_call *c)
{
	va = (uint64_t)ioremap_prot(sweep_nowhere(), c->bytes, c->prot);
	return va;
}

/* All but the first page and the last. */
static int inner_pages(const struct sweep_call *c)
{
	return (int)(c->bytes >> PAGE_SHIFT) - 2;
}

static bool call(const struct sweep_call *c)
{
	int error = set_memory_ro(va + PAGE_SIZE, inner_pages(c));

	if (error && error != -ENOMEM)
		sweep_complain("%s: error %d", c->name, error);
	return !error;
}

static bool sees(const struct sweep_call *c, uint64_t offset, pgprot_t more)
{
	return sweep_sees(va + offset, sweep_nowhere() + offset, c->prot | more, false);
}

static bool right(const struct sweep_call *c)
{
	return sees(c, 0, 0) && sees(c, PAGE_SIZE, DESC_RO) && sees(c, c->bytes / 2, DESC_RO) &&
	       sees(c, c->bytes - 2 * PAGE_SIZE, DESC_RO) && sees(c, c->bytes - PAGE_SIZE, 0);
}

static void undo(const struct sweep_call *c)
{
	if (set_memory_rw(va + PAGE_SIZE, inner_pages(c)) ||
	    set_memory_merge(va, inner_pages(c) + 2))
		sweep_complain("%s: it cannot be undone", c->name);
}

static void restore(const struct sweep_call *c)
{
	(void)c;
	iounmap((void *)va);
}

const struct sweep_kind sweep_by_set_memory = { prepare, call, right, undo, restore };
#endif
