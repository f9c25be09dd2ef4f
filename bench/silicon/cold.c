// SPDX-License-Identifier: MIT
/*
 * Cold passes. By address only what is known could be cleaned, and a call uses lists, trees and
 * tables that nobody outside can name. Reading other memory displaces most of it, and more or less
 * of it with each cache's replacement. So it is done by set and way (DDI 0487, DC CISW), which
 * is for a CPU that is alone: the others are off, and their caches are written back as they go.
 */
#include "bench/silicon/cold.h"

#include "lib/arm64/barrier.h"
#include "lib/arm64/cache.h"
#include "mm/arm64/door.h"

struct cold_counts cold_counts;

#define CTYPE_DATA 2 /* CLIDR_EL1.Ctype: from here on there is a data or a unified cache */

bool find_cache(unsigned level, struct cache *cache)
{
	uint64_t clidr = read_sysreg(clidr_el1), id;
	bool wide; /* FEAT_CCIDX: other fields */

	if (level >= field(clidr, 26, 24) || field(clidr, 3 * level + 2, 3 * level) < CTYPE_DATA)
		return false;
	wide = field(read_sysreg(id_aa64mmfr2_el1), 23, 20);
	write_sysreg(level << 1, csselr_el1);
	sysreg_sync(); /* CCSIDR_EL1 is that cache's from here on (DDI 0487, CCSIDR_EL1) */
	id = read_sysreg(ccsidr_el1);
	cache->line_shift = (unsigned)field(id, 2, 0) + 4;
	cache->ways = (unsigned)field(id, wide ? 23 : 12, 3) + 1;
	cache->sets = (unsigned)(wide ? field(id, 55, 32) : field(id, 27, 13)) + 1;
	return true;
}

static void empty_cache(unsigned level, const struct cache *cache)
{
	/* The way's number ends at bit 31, with as many bits as the highest needs. */
	unsigned way_shift = cache->ways > 1 ? 31 - ilog2(cache->ways - 1) : 0;

	for (uint64_t way = 0; way < cache->ways; way++)
		for (uint64_t set = 0; set < cache->sets; set++)
			dc_cisw(way << way_shift | set << cache->line_shift | level << 1);
	io_complete(); /* what was in it is behind it, before that is emptied, too */
	cold_counts.lines += (uint64_t)cache->ways * cache->sets;
}

/* From the core outwards: a line that was written to is in no cache after the last level. */
static void empty_caches(void)
{
	struct cache cache;

	for (unsigned level = 0; level < CACHE_LEVELS_MAX; level++)
		if (find_cache(level, &cache))
			empty_cache(level, &cache);
}

/*
 * Last. No descriptor has changed: only the DSB that completes the TLBI matters, so that each pass
 * begins with nothing. The door says what it did.
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
	empty_caches();
	forget_translations();
	cold_counts.preparations++;
}
