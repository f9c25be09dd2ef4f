// SPDX-License-Identifier: MIT
/*
 * Who maps a frame, and as which type of memory.
 *
 * Pages below frames_end have an array; blocks of each leaf size, and pages above, have
 * regions, found by hash. A region also counts the smaller leaves inside it, so that two
 * leaves of different sizes on one frame are seen from both sides. A frame that more leaves
 * map than its 15 bits count, as the shared pages of the vmemmap are, has a region of its own
 * for the number.
 */
#include "mm/arm64/layout.h"
#include "mm/check/check-internal.h"

#define LINEAR 0x8000u /* of frame.own[MAIR_NORMAL] */
#define FULL   0x7fffu /* of the other bits: the region of level LEVEL_PTE has the count */

static const char *const type_names[MEMORY_TYPES] = { "Normal", "Device-nGnRE", "Device-nGnRnE",
						      "Normal-NC" };

static uint64_t region_key(uint64_t pa, int level)
{
	return pa >> level_shift(level) << 2 | (uint64_t)level;
}

static uint32_t *region_bucket(const struct checker *c, uint64_t key)
{
	return &c->region_hash[(key * 0x9e3779b97f4a7c15UL) >> 32 & (c->region_buckets - 1)];
}

static struct region *region_find(struct checker *c, uint64_t pa, int level)
{
	uint64_t key = region_key(pa, level);
	struct region *r = c->last_region[level];

	if (r && r->key == key)
		return r;
	for (uint32_t i = *region_bucket(c, key); i; i = r->next) {
		r = &c->regions[i];
		if (r->key == key)
			return c->last_region[level] = r;
	}
	return NULL;
}

static struct region *region_get(struct checker *c, uint64_t pa, int level)
{
	struct region *r = region_find(c, pa, level);
	uint32_t i = c->free_region, *bucket;

	if (r || c->regions_lost)
		return r;
	if (i) {
		c->free_region = c->regions[i].next;
	} else if (c->used_regions < c->nr_regions) {
		i = c->used_regions++;
	} else {
		c->regions_lost = true;
		check_report(c, RULE_NONE, 0, level,
			     "out of memory for %u regions: frames are not counted any more",
			     c->nr_regions - 1);
		return NULL;
	}
	r = &c->regions[i];
	*r = (struct region){ .key = region_key(pa, level) };
	bucket = region_bucket(c, r->key);
	r->next = *bucket;
	*bucket = i;
	return c->last_region[level] = r;
}

static void region_put(struct checker *c, struct region *r, int level)
{
	uint32_t *link = region_bucket(c, r->key), i = (uint32_t)(r - c->regions);

	for (unsigned type = 0; type < MEMORY_TYPES; type++)
		if (r->own[type] | r->below[type])
			return;
	while (*link != i)
		link = &c->regions[*link].next;
	*link = r->next;
	r->next = c->free_region;
	c->free_region = i;
	r->key = ~0UL;
	c->last_region[level] = NULL;
}

static bool has_array(const struct checker *c, uint64_t pa, int level)
{
	return level == LEVEL_PTE && pa >> PAGE_SHIFT < c->nr_frames;
}

/* The linear map's own mapping of each frame: every frame has it while it is free, too. */
static bool is_linear(desc_t d, uint64_t va)
{
	return va - PAGE_OFFSET == desc_addr(d) && (int64_t)va < 0 && desc_type(d) == MAIR_NORMAL;
}

static int largest_level(void)
{
	return HAVE_PUD_BLOCK ? LEVEL_PUD : LEVEL_PMD;
}

/* Leaves that map a frame with an array as @type. */
static uint32_t frame_count(struct checker *c, uint64_t pa, unsigned type)
{
	uint32_t n = c->frames[pa >> PAGE_SHIFT].own[type] & FULL;
	const struct region *r = n == FULL ? region_find(c, pa, LEVEL_PTE) : NULL;

	return r ? r->own[type] : n;
}

static void frame_add(struct checker *c, uint64_t pa, unsigned type)
{
	uint16_t *own = &c->frames[pa >> PAGE_SHIFT].own[type];
	uint32_t n = frame_count(c, pa, type) + 1;
	struct region *r = n < FULL ? NULL : region_get(c, pa, LEVEL_PTE);

	if (r)
		r->own[type] = n;
	*own = (uint16_t)((*own & LINEAR) | MIN(n, FULL));
}

/* False: there was none. */
static bool frame_remove(struct checker *c, uint64_t pa, unsigned type)
{
	uint16_t *own = &c->frames[pa >> PAGE_SHIFT].own[type];
	uint32_t n = frame_count(c, pa, type);
	struct region *r = n < FULL ? NULL : region_find(c, pa, LEVEL_PTE);

	if (!n)
		return false;
	n--;
	if (r) {
		r->own[type] = n < FULL ? 0 : n;
		region_put(c, r, LEVEL_PTE);
	}
	*own = (uint16_t)((*own & LINEAR) | MIN(n, FULL));
	return true;
}

/* --- types --------------------------------------------------------------------------------- */

/* A type of memory other than @type by which some leaf maps a part of the leaf; -1: none. */
static int other_type(struct checker *c, uint64_t pa, int level, unsigned type)
{
	for (unsigned other = 0; other < MEMORY_TYPES; other++) {
		if (other == type)
			continue;
		if (has_array(c, pa, level) && c->frames[pa >> PAGE_SHIFT].own[other])
			return (int)other;
		for (int l = level; l >= largest_level(); l--) {
			const struct region *r = has_array(c, pa, l) ? NULL : region_find(c, pa, l);

			if (r && (r->own[other] || (l == level && r->below[other])))
				return (int)other;
		}
	}
	return -1;
}

void frames_mapped(struct checker *c, desc_t d, int level, uint64_t va)
{
	uint64_t pa = desc_addr(d);
	unsigned type = desc_type(d);
	int other = c->regions_lost ? -1 : other_type(c, pa, level, type);
	struct region *r;

	if (other >= 0)
		check_report(c, RULE_MEMORY_TYPE, va, level,
			     "0x%lx: frame 0x%lx is mapped as %s, and as %s elsewhere", va, pa,
			     type_names[type], type_names[other]);
	if (has_array(c, pa, level)) {
		uint16_t *own = &c->frames[pa >> PAGE_SHIFT].own[type];

		if (is_linear(d, va))
			*own |= LINEAR;
		else
			frame_add(c, pa, type);
	} else if ((r = region_get(c, pa, level))) {
		r->own[type]++;
		r->linear += is_linear(d, va);
	}
	for (int l = level - 1; l >= largest_level(); l--)
		if ((r = region_get(c, pa, l)))
			r->below[type]++;
}

static void negative(struct checker *c, uint64_t pa, int level, uint64_t va)
{
	if (!c->regions_lost)
		check_report(c, RULE_MAP_COUNT, va, level,
			     "0x%lx: frame 0x%lx: the count of its mappings becomes negative", va,
			     pa);
}

void frames_unmapped(struct checker *c, desc_t d, int level, uint64_t va)
{
	uint64_t pa = desc_addr(d);
	unsigned type = desc_type(d);
	struct region *r;

	if (has_array(c, pa, level)) {
		uint16_t *own = &c->frames[pa >> PAGE_SHIFT].own[type];

		if (is_linear(d, va) && *own & LINEAR) {
			*own &= (uint16_t)~LINEAR;
		} else if (!frame_remove(c, pa, type)) {
			negative(c, pa, level, va);
			return;
		}
	} else {
		r = region_find(c, pa, level);
		if (!r || !r->own[type]) {
			negative(c, pa, level, va);
			return;
		}
		r->own[type]--;
		r->linear -= r->linear && is_linear(d, va);
		region_put(c, r, level);
	}
	for (int l = level - 1; l >= largest_level(); l--)
		if ((r = region_find(c, pa, l)) && r->below[type]) {
			r->below[type]--;
			region_put(c, r, l);
		}
}

/* --- free ----------------------------------------------------------------------------------- */

/* Leaves that map the page, the linear map's not counted. */
static uint64_t page_mappings(struct checker *c, uint64_t pa)
{
	uint64_t n = 0;

	if (has_array(c, pa, LEVEL_PTE))
		for (unsigned type = 0; type < MEMORY_TYPES; type++)
			n += frame_count(c, pa, type);
	for (int l = has_array(c, pa, LEVEL_PTE) ? LEVEL_PMD : LEVEL_PTE; l >= largest_level();
	     l--) {
		const struct region *r = region_find(c, pa, l);

		for (unsigned type = 0; r && type < MEMORY_TYPES; type++)
			n += r->own[type];
		n -= r ? r->linear : 0;
	}
	return n;
}

void frames_freed(struct checker *c, uint64_t pa, uint64_t bytes)
{
	uint64_t counted = c->nr_frames << PAGE_SHIFT;
	uint64_t end = pa < counted && bytes > counted - pa ? counted : pa + bytes;

	for (uint64_t at = pa; at < end && at < counted && !c->regions_lost; at += PAGE_SIZE) {
		uint64_t n = page_mappings(c, at);

		if (n) {
			check_report(c, RULE_MAP_COUNT, 0, LEVEL_PTE,
				     "frame 0x%lx freed that %lu leaves map", at, n);
			return;
		}
	}
}
