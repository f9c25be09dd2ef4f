// SPDX-License-Identifier: MIT
/*
 * Ranges with holes (holes.h): a walk that knows how much an entry without a leaf leaves out.
 */
#include "mm/map/holes.h"

#include <errno.h>

#include "mm/map/map-internal.h"
#include "mm/map/protect.h"
#include "mm/map/view/walk.h"
#include "mm/phys/ranges.h"

/*
 * Whether @va is mapped, be it by a leaf that is not valid now; the answer is the same up to
 * *@next. Under the lock.
 */
static bool look(uint64_t va, uint64_t *next)
{
	const desc_t *table = swapper_pg_dir;

	for (int level = LEVEL_ROOT;; level++) {
		desc_t d = get_desc(&table[table_index(va, level)]);
		uint64_t size = 1UL << level_shift(level);

		if (desc_is_leaf(d, level) || !(d & DESC_VALID)) {
			*next = ALIGN_DOWN(va, size) + size;
			return d != 0;
		}
		table = desc_table(d);
	}
}

bool next_mapped(uint64_t *va, uint64_t *end)
{
	uint64_t at = *va, next = at, flags = lock_tables();

	while (at < *end && !look(at, &next))
		at = next;
	*va = at;
	while (at < *end && look(at, &next))
		at = next;
	unlock_tables(flags);
	/* A leaf may go on past the end. */
	at = MIN(at, *end);
	if (*va >= at)
		return false;
	*end = at;
	return true;
}

int lookup_mapped(uint64_t va, struct leaf *leaf)
{
	uint64_t flags = lock_tables();
	int error = walk_lookup(va, leaf);

	unlock_tables(flags);
	return error;
}

int unmap_holes(uint64_t va, uint64_t end)
{
	uint64_t stop = end;
	int error = va < end ? map_split(va) ?: map_split(end) : 0;

	if (error)
		return error;
	for (; next_mapped(&va, &stop); va = stop, stop = end)
		unmap_range(va, stop);
	return 0;
}

void read_mapped(void *to, uint64_t va, uint64_t n)
{
	uint64_t flags = lock_tables();
	const char *from = NULL;
	struct leaf leaf;

	if (!walk_lookup(va, &leaf) && pfn_valid(leaf.pa >> PAGE_SHIFT) &&
	    (leaf.prot & DESC_ATTR(7)) == DESC_ATTR(MAIR_NORMAL))
		from = phys_to_virt(leaf.pa);
	for (uint64_t i = 0; i < n; i++)
		((char *)to)[i] = from ? from[i] : 0;
	unlock_tables(flags);
}
