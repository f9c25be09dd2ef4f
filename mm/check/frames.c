// SPDX-License-Identifier: MIT
/*
 * Who maps a frame, and as which type of memory.
 *
 * Pages below frames_end have arrays, for a PMD entry's worth of frames each, made where pages are
 * mapped; blocks of each leaf size, and pages above, have regions, found by hash. A region also
 * counts the smaller leaves inside it, so that two leaves of different sizes on one frame are seen
 * from both sides.
 */
#include <string.h>

#include "mm/arm64/layout.h"
#include "mm/check/check-internal.h"

#define LINEAR 0x80000000u /* of frame.own[MAIR_NORMAL] */

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

/* The counts of a frame that has_array(); NULL: no page maps it, nor its neighbours. */
static struct frame *frame_find(const struct checker *c, uint64_t pa)
{
	uint32_t i = c->frame_block_of[pa >> PMD_SHIFT];

	return i ? &c->frame_blocks[i].frame[pa >> PAGE_SHIFT & (PTRS_PER_TABLE - 1)] : NULL;
}

/* A block of frames that are all zero; 0: none left, which is said. */
static uint32_t frame_block_new(struct checker *c)
{
	uint32_t i = c->free_frame_block;

	if (i) {
		c->free_frame_block = c->frame_blocks[i].next_free;
	} else if (c->used_frame_blocks < c->nr_frame_blocks) {
		i = c->used_frame_blocks++;
		memset(&c->frame_blocks[i], 0, sizeof(c->frame_blocks[i]));
	} else {
		c->regions_lost = true;
		check_report(
			c, RULE_NONE, 0, LEVEL_PTE,
			"out of memory for %u blocks of frames: frames are not counted any more",
			c->nr_frame_blocks - 1);
	}
	return i;
}

static bool is_counted(const struct frame *f)
{
	uint32_t any = 0;

	for (unsigned type = 0; type < MEMORY_TYPES; type++)
		any |= f->own[type];
	return any;
}

/* The same, made if it is not there. NULL: no memory. */
static struct frame *frame_get(struct checker *c, uint64_t pa)
{
	uint32_t *i = &c->frame_block_of[pa >> PMD_SHIFT];
	struct frame *f;

	if (!*i && (c->regions_lost || !(*i = frame_block_new(c))))
		return NULL;
	f = frame_find(c, pa);
	c->frame_blocks[*i].mapped += !is_counted(f);
	return f;
}

/* A leaf less maps the frame: with the last one of its block the block goes. */
static void frame_put(struct checker *c, uint64_t pa, const struct frame *f)
{
	uint32_t *i = &c->frame_block_of[pa >> PMD_SHIFT];

	if (is_counted(f) || --c->frame_blocks[*i].mapped)
		return;
	c->frame_blocks[*i].next_free = c->free_frame_block;
	c->free_frame_block = *i;
	*i = 0;
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

/* --- types --------------------------------------------------------------------------------- */

/* A type of memory other than @type by which some leaf maps a part of the leaf; -1: none. */
static int other_type(struct checker *c, uint64_t pa, int level, unsigned type)
{
	const struct frame *f = has_array(c, pa, level) ? frame_find(c, pa) : NULL;

	for (unsigned other = 0; other < MEMORY_TYPES; other++) {
		if (other == type)
			continue;
		if (f && f->own[other])
			return (int)other;
		for (int l = level; l >= largest_level(); l--) {
			const struct region *r = has_array(c, pa, l) ? NULL : region_find(c, pa, l);

			if (r && (r->own[other] || (l == level && r->below[other])))
				return (int)other;
		}
	}
	return -1;
}

/* One leaf of a page more. @own: of the frame, by the leaf's type. */
static void frame_mapped(struct checker *c, uint32_t *own, desc_t d, uint64_t va)
{
	if (is_linear(d, va))
		*own |= LINEAR;
	else if ((*own & ~LINEAR) == (LINEAR - 1))
		check_report(c, RULE_NONE, va, LEVEL_PTE, "frame 0x%lx: its count is full",
			     desc_addr(d));
	else
		++*own;
}

/* One less. Whether it was counted. */
static bool frame_unmapped(struct checker *c, desc_t d, uint64_t va)
{
	struct frame *f = frame_find(c, desc_addr(d));
	uint32_t *own = f ? &f->own[desc_type(d)] : NULL;

	if (own && is_linear(d, va) && *own & LINEAR)
		*own &= ~LINEAR;
	else if (own && *own & ~LINEAR)
		--*own;
	else
		return false;
	frame_put(c, desc_addr(d), f);
	return true;
}

void frames_mapped(struct checker *c, desc_t d, int level, uint64_t va)
{
	uint64_t pa = desc_addr(d);
	unsigned type = desc_type(d);
	int other = c->regions_lost ? -1 : other_type(c, pa, level, type);
	struct region *r;
	struct frame *f;

	if (other >= 0)
		check_report(c, RULE_MEMORY_TYPE, va, level,
			     "0x%lx: frame 0x%lx is mapped as %s, and as %s elsewhere", va, pa,
			     type_names[type], type_names[other]);
	if (has_array(c, pa, level)) {
		if ((f = frame_get(c, pa)))
			frame_mapped(c, &f->own[type], d, va);
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
		if (!frame_unmapped(c, d, va)) {
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
	const struct frame *f = has_array(c, pa, LEVEL_PTE) ? frame_find(c, pa) : NULL;
	uint64_t n = 0;

	for (unsigned type = 0; f && type < MEMORY_TYPES; type++)
		n += f->own[type] & ~LINEAR;
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

	for (uint64_t at = pa, next; at < end && at < counted && !c->regions_lost; at = next) {
		uint64_t n = page_mappings(c, at);

		/* Of frames that no page maps the first stands for all. */
		next = frame_find(c, at) ? at + PAGE_SIZE : ALIGN_DOWN(at, PMD_SIZE) + PMD_SIZE;
		if (n) {
			check_report(c, RULE_MAP_COUNT, 0, LEVEL_PTE,
				     "frame 0x%lx freed that %lu leaves map", at, n);
			return;
		}
	}
}
