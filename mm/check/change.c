// SPDX-License-Identifier: MIT
/*
 * A valid descriptor becomes another valid one: which changes need no break-before-make, and
 * what may be cached after them.
 *
 * Where the rules come from (Arm ARM DDI 0487; the names are the same in every issue): a break is
 * needed when the output address changes and the old or the new translation is writable, or the
 * two frames do not hold the same, and when the size changes without FEAT_BBM level 2 (rules
 * WHZWS, KFLJB); a descriptor without the access flag is never cached (XCLRD, XFXTY); what sets
 * the flag for a walker, if TCR_EL1.HA says so, is an atomic update (LFTXR), and may be
 * speculative (LHQRX), so that software changes such a descriptor by compare-and-swap (BMRWH).
 */
#include <string.h>

#include "mm/check/check-internal.h"

#define ATTRIBUTES (DESC_ATTR(7) | DESC_ISH)

/* --- the access flag ----------------------------------------------------------------------- */

static bool any_sets_flag(const struct checker *c)
{
	return c->flag_setters != 0;
}

bool check_flag_is_managed(const struct checker *c)
{
	return c->flag_setters && c->flag_setters == c->heard_cpus;
}

bool check_is_flag_update(const struct checker *c, desc_t known, desc_t found, int level)
{
	return any_sets_flag(c) && desc_is_leaf(known, level) && !(known & DESC_AF) &&
	       found == (known | DESC_AF);
}

/* Nothing of the slot's addresses may be cached, neither what is in it nor anything older. */
static bool is_uncached(const struct checker *c, const struct table *t, uint64_t i)
{
	desc_t old = t->shadow[i];

	return desc_is_leaf(old, t->level) && !(old & DESC_AF) &&
	       !stale_in_range(c, slot_va(t, i), entry_size(t->level), STALE_FOR_LEAF);
}

/* As good as an invalid entry becoming valid, if no walker gets in between. */
static void replace_uncached(struct checker *c, struct table *t, uint64_t i,
			     const struct mm_event *e)
{
	desc_t old = t->shadow[i];

	if (e->kind == EVENT_STORE && any_sets_flag(c) && (old ^ e->new) & ~DESC_AF)
		check_report(c, RULE_ACCESS_FLAG, slot_va(t, i), t->level,
			     "0x%lx: plain store over 0x%lx, whose access flag a walker may set",
			     slot_va(t, i), old);
	slot_drop(c, t, i);
	slot_valid(c, t, i, e->new);
}

/* --- addresses ----------------------------------------------------------------------------- */

/* Nobody knows: a trace has no contents, and is taken at its word. */
static bool holds_the_same(const struct checker *c, uint64_t a, uint64_t b, uint64_t bytes)
{
	const struct checker_config *config = &c->config;

	if (!config->memory_at)
		return true;
	for (uint64_t at = 0; at < bytes; at += PAGE_SIZE) {
		const void *x = config->memory_at(config->context, a + at);
		const void *y = config->memory_at(config->context, b + at);

		if (!x || !y || memcmp(x, y, PAGE_SIZE))
			return false;
	}
	return true;
}

/* Why the frame behind a live leaf may not become the one that @d names; NULL: it may. */
static const char *why_not_move(const struct checker *c, const struct table *t, uint64_t i,
				desc_t d)
{
	desc_t old = t->shadow[i];
	uint64_t size = entry_size(t->level);

	if (!(old & d & DESC_RO))
		return "address, writable";
	if ((old ^ d) & ~DESC_ADDR_MASK)
		return "address and more";
	if (stale_in_range(c, slot_va(t, i), size, STALE_FOR_LEAF))
		return "address, something older may be cached";
	if (!holds_the_same(c, desc_addr(old), desc_addr(d), size))
		return "address, the frames do not hold the same";
	return NULL;
}

/* --- sizes --------------------------------------------------------------------------------- */

/* Whether the table maps what @block maps, its leaves in groups or not. */
static bool maps_the_same(const struct checker *c, desc_t block, uint64_t table, int level)
{
	const desc_t *slots = c->config.table_at(c->config.context, table);
	desc_t first = leaf_desc(desc_addr(block), block & DESC_PROT_MASK, level + 1);

	for (uint64_t i = 0; slots && i < PTRS_PER_TABLE; i++)
		if ((slots[i] & ~DESC_CONT) != first + (i << level_shift(level + 1)))
			return false;
	return slots;
}

static bool is_resize(const struct checker *c, desc_t old, desc_t d, int level)
{
	if (c->config.bbm_level < 2)
		return false;
	return desc_is_leaf(old, level) ? maps_the_same(c, old, desc_addr(d), level)
					: maps_the_same(c, d, desc_addr(old), level);
}

/* --- all together -------------------------------------------------------------------------- */

static bool is_wrong(struct checker *c, const struct table *t, uint64_t i, desc_t d)
{
	desc_t old = t->shadow[i];
	int level = t->level;
	bool leaf = desc_is_leaf(old, level), resizes = leaf != desc_is_leaf(d, level);
	enum check_rule rule = RULE_NONE;
	const char *what = NULL;

	if (resizes) {
		rule = RULE_BBM_SIZE;
		what = is_resize(c, old, d, level) ? NULL : "table and leaf";
	} else if (desc_addr(old) != desc_addr(d)) {
		rule = RULE_BBM_ADDRESS;
		what = leaf ? why_not_move(c, t, i, d) : "address";
	} else if (!(d & DESC_RO) && t->slots[i].moved) {
		rule = RULE_BBM_ADDRESS;
		what = "writable, the frame before may be cached";
	} else if ((old ^ d) & DESC_CONT && c->config.bbm_level < 2) {
		rule = RULE_BBM_SIZE;
		what = "contiguous bit";
	} else if ((old ^ d) & ATTRIBUTES) {
		rule = RULE_BBM_TYPE;
		what = "memory type";
	}
	if (what)
		check_report(
			c, rule, slot_va(t, i), level,
			"0x%lx: 0x%lx becomes 0x%lx at level %d without break-before-make (%s)",
			slot_va(t, i), old, d, level, what);
	return what;
}

/* A block becomes the table that maps the same, or such a table its block. */
static void resize(struct checker *c, struct table *t, uint64_t i, desc_t d)
{
	desc_t old = t->shadow[i];
	bool leaf = desc_is_leaf(old, t->level);

	slot_drop(c, t, i);
	slot_set(c, t, i, d); /* before the slot is stale itself, for the table's leaves */
	stale_add(c, t, i, old, false, !leaf);
}

bool change_live(struct checker *c, struct table *t, uint64_t i, const struct mm_event *e)
{
	desc_t old = t->shadow[i];
	uint64_t va = slot_va(t, i);

	if (is_uncached(c, t, i)) {
		replace_uncached(c, t, i, e);
		return true;
	}
	if (is_wrong(c, t, i, e->new))
		return false;
	if (desc_is_leaf(old, t->level) != desc_is_leaf(e->new, t->level)) {
		resize(c, t, i, e->new);
		return true;
	}
	stale_add(c, t, i, old, false, false);
	if (desc_addr(old) != desc_addr(e->new)) {
		stale_moved(c, t, i, old);
		frames_unmapped(c, old, t->level, va);
		frames_mapped(c, e->new, t->level, va);
	}
	t->shadow[i] = e->new;
	c->stats.changes++;
	check_format(c, e->new, t->level, va);
	return true;
}
