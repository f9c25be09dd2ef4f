// SPDX-License-Identifier: MIT
/*
 * Cold passes. By address only what is known could be cleaned, and a call uses lists, trees and
 * tables that nobody outside can name: so everything is displaced.
 */
#include "bench/silicon/cold.h"

#include "mm/arm64/door.h"
#include "mm/phys/buddy.h"

#define BLOCK_BYTES (4 * MiB)
#define NR_BLOCKS   (COLD_BYTES / BLOCK_BYTES)

struct cold_counts cold_counts;

static struct page *blocks[NR_BLOCKS];

void cold_stop(void)
{
	for (unsigned i = 0; i < NR_BLOCKS; i++) {
		if (blocks[i])
			__free_pages(blocks[i], get_order(BLOCK_BYTES));
		blocks[i] = NULL;
	}
}

bool cold_start(void)
{
	for (unsigned i = 0; i < NR_BLOCKS; i++) {
		blocks[i] = alloc_pages(GFP_KERNEL, get_order(BLOCK_BYTES));
		if (!blocks[i]) {
			cold_stop();
			return false;
		}
	}
	return true;
}

static void displace(const char *block)
{
	for (uint64_t at = 0; at < BLOCK_BYTES; at += COLD_LINE_BYTES, cold_counts.lines++)
		(void)*(const volatile uint64_t *)(block + at);
}

/*
 * Last: what the loads above put into the TLB goes, too. No descriptor has changed: only the DSB
 * that completes the TLBI matters, so that each pass begins with nothing. The door says what it
 * did.
 */
static void forget_translations(void)
{
	struct door_counts before = door_counts;

	door_counting = true;
	door_before_tlbi();
	tlbi_all();
	door_after_tlbi();
	door_make_code(0, 0, 0, true); /* no line to clean: instruction caches alone */
	door_counting = false;
	cold_counts.tlbi += door_counts.tlbi - before.tlbi;
	cold_counts.ic += door_counts.ic - before.ic;
	door_counts = before;
}

void cold_prepare(void)
{
	for (unsigned i = 0; i < NR_BLOCKS; i++)
		displace(page_address(blocks[i]));
	forget_translations();
	cold_counts.preparations++;
}
