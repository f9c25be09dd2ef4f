// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c tests/host/arena.c tests/host/mmu-model.c mm/check/*.c tests/host/map-oracle.c tests/host/map-random.c
// clang-format on
// libs: -Wl,--wrap=alloc_pages -Wl,--wrap=table_page_alloc
/*
 * Sequences of map and unmap calls in a few windows on both sides of a boundary of
 * tables, with test_map.c's judges: each choice that map-random.c makes is taken from the
 * input, and past its end from numbers that it seeds. Then all is unmapped, which is also
 * where the next input starts.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/panic.h"
#include "tests/host/fuzz-input.h"
#include "tests/host/map-random.h"
#include "tests/host/mmu-model.h"
#include "tests/host/tap.h"

#define WINDOWS 6
#define MOST	(PTRS_PER_TABLE + 5 * CONT_PTES)
#define OPS	20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct region region = { WINDOW_PAGES / 2 - WINDOWS / 2 * PTRS_PER_TABLE,
				      WINDOWS *PTRS_PER_TABLE };

uint64_t pick(uint64_t below)
{
	return pick_input(below);
}

/* One entry is no page: nothing may change. */
static void refuse(struct request *r)
{
	struct page *const bad[] = { NULL, phys_to_page(FRAMES_END), phys_to_page(OTHER_HOLE),
				     (struct page *)((char *)phys_to_page(FRAMES_START) + 8) };

	if (r->kind != BY_PAGES)
		return;
	r->pages[pick(r->n)] = bad[pick(ARRAY_SIZE(bad))];
	oracle_refuse(r, -EINVAL);
}

static void step(void)
{
	uint64_t op = pick(16), first, n;
	struct request r;

	if (op < 7) {
		if (pick_mapped(&region, &first, &n))
			oracle_unmap(first, n);
	} else if (pick_request(&r, &region, MOST)) {
		if (op == 7)
			refuse(&r);
		else if (op == 8)
			oracle_starve(&r);
		else
			oracle_map(&r);
		free(r.pages);
	}
}

/* Run by run. */
static void unmap_everything(void)
{
	uint64_t end = region.first + region.n, n;

	for (uint64_t page = region.first; page < end; page += n + !n) {
		for (n = 0; page + n < end && expected[page + n].shift;)
			n++;
		if (n)
			oracle_unmap(page, n);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!expected)
		oracle_init();
	fuzz_input(data, size);
	for (unsigned i = 0; i < OPS; i++) {
		step();
		panic_unless(!mistakes, "fuzz: operation %u", i);
	}
	oracle_compare(region.first, region.n);
	unmap_everything();
	oracle_compare(region.first, region.n);
	panic_unless(!mistakes, "fuzz: at the end");
	return 0;
}
