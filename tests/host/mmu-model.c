// SPDX-License-Identifier: MIT
/*
 * The strict MMU (mmu-model.h): the tables, each with a shadow of what the door stored,
 * and a list of what is stale.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "mm/arm64/hw.h"
#include "mm/map/map.h"
#include "tests/host/arena.h"
#include "tests/host/mmu-model.h"
#include "tests/host/mmu-stale.h"

struct mmu_model mmu_model;

/* A page that holds descriptors. */
struct table {
	enum { DETACHED, LIVE, UNLINKED } state;
	desc_t *slots;
	uint64_t va; /* of its first slot */
	int level;
	unsigned valid;
	uint64_t stored; /* DETACHED: value of `ordered` at the last store */
	bool touched;	 /* since the groups were looked at */
	desc_t *shadow;	 /* LIVE */
	LIST_ENTRY(table) link;
};

static LIST_HEAD(, table) live = LIST_HEAD_INITIALIZER(live);
static struct table **by_pfn;
static struct table *root;

static uint64_t ordered = 1; /* barriers that order stores: DMB and DSB */
static uint64_t dsbs;
static bool want_dsb, want_isb; /* a mapping or unmapping is not complete without */

__attribute__((format(printf, 1, 2))) static void violation(const char *fmt, ...)
{
	va_list ap;

	if (mmu_model.violations++)
		return;
	va_start(ap, fmt);
	vsnprintf(mmu_model.text, sizeof(mmu_model.text), fmt, ap);
	va_end(ap);
	fprintf(stderr, "# mmu-model: %s\n", mmu_model.text);
}

static uint64_t slot_va(const struct table *t, uint64_t index)
{
	return t->va + index * entry_size(t->level);
}

static uint64_t nr_slots(const struct table *t)
{
	return t == root ? PTRS_PER_ROOT : PTRS_PER_TABLE;
}

/* Tables that no walk cache leads to any more are just pages again. */
static void retire_unlinked(void)
{
	struct table *t, *next;

	for (t = LIST_FIRST(&live); t; t = next) {
		next = LIST_NEXT(t, link);
		if (t->state != UNLINKED || find_stale(t->va, t->level - 1, true))
			continue;
		LIST_REMOVE(t, link);
		by_pfn[virt_to_phys(t->slots) >> PAGE_SHIFT] = NULL;
		free(t);
	}
}

/* --- tables ------------------------------------------------------------------------------- */

static struct table *table_of(const desc_t *slot)
{
	uint64_t page = ALIGN_DOWN((uint64_t)slot, PAGE_SIZE), pa = page - PAGE_OFFSET;

	if (!root) {
		root = calloc(1, sizeof(*root));
		*root = (struct table){ .state = LIVE,
					.slots = swapper_pg_dir,
					.va = -1UL << VA_BITS,
					.level = LEVEL_ROOT,
					.shadow = calloc(1, PAGE_SIZE) };
		LIST_INSERT_HEAD(&live, root, link);
		by_pfn = calloc(ARENA_END >> PAGE_SHIFT, sizeof(struct table *));
	}
	if (page == (uint64_t)swapper_pg_dir)
		return root;
	if (pa >= ARENA_END)
		return NULL; /* a buffer */
	if (!by_pfn[pa >> PAGE_SHIFT]) {
		struct table *t = calloc(1, sizeof(*t));

		t->slots = (desc_t *)page;
		by_pfn[pa >> PAGE_SHIFT] = t;
	}
	return by_pfn[pa >> PAGE_SHIFT];
}

static void check_format(desc_t d, int level, uint64_t va)
{
	uint64_t attributes = DESC_PROT_MASK | DESC_CONT | DESC_VALID | DESC_TABLE;
	bool may_be_leaf = level >= LEVEL_PMD || (level == LEVEL_PUD && HAVE_PUD_BLOCK);

	if (level == LEVEL_PTE ? !(d & DESC_PAGE) : !desc_is_table(d) && !may_be_leaf)
		violation("0x%lx: descriptor 0x%lx is reserved at level %d", va, d, level);
	else if (desc_is_leaf(d, level) && !IS_ALIGNED(desc_addr(d), entry_size(level)))
		violation("0x%lx: descriptor 0x%lx has a misaligned address", va, d);
	else if (desc_is_leaf(d, level) && (d & ~(attributes | DESC_ADDR_MASK) || !(d & DESC_AF)))
		violation("0x%lx: descriptor 0x%lx has bad attributes", va, d);
}

static void attach(desc_t link, int level, uint64_t va);
static void detach(desc_t link);

/* Slot @i of a live table has become valid. */
static void slot_valid(struct table *t, uint64_t i, desc_t d)
{
	uint64_t va = slot_va(t, i);

	t->shadow[i] = d;
	t->valid++;
	mmu_model.events.changes++;
	want_dsb = true;
	check_format(d, t->level, va);
	if (find_stale(va, t->level, false) || find_stale(va, t->level, true))
		violation("0x%lx: valid again at level %d before its old translation is gone", va,
			  t->level);
	if (desc_is_leaf(d, t->level))
		mmu_model.mapped_bytes += entry_size(t->level);
	else
		attach(d, t->level + 1, va);
}

/* Slot @i of a live table is not valid any more, or no walk reaches it from the root. */
static void slot_gone(struct table *t, uint64_t i)
{
	desc_t d = t->shadow[i];
	bool leaf = desc_is_leaf(d, t->level);

	t->shadow[i] = 0;
	t->valid--;
	add_stale(slot_va(t, i), t->level, !leaf, dsbs);
	if (leaf)
		mmu_model.mapped_bytes -= entry_size(t->level);
	else
		detach(d);
}

static void attach(desc_t link, int level, uint64_t va)
{
	struct table *t = table_of(phys_to_virt(desc_addr(link)));

	if (!t || t->state != DETACHED) {
		violation("0x%lx: link to a table that is in use", va);
		return;
	}
	if (t->stored == ordered)
		violation("0x%lx: link to a table whose contents are not ordered before it", va);
	t->state = LIVE;
	t->level = level;
	t->va = va;
	t->touched = true;
	t->shadow = calloc(1, PAGE_SIZE);
	LIST_INSERT_HEAD(&live, t, link);
	mmu_model.tables++;
	for (uint64_t i = 0; i < PTRS_PER_TABLE; i++) {
		t->shadow[i] = t->slots[i];
		if (t->slots[i] & DESC_VALID)
			slot_valid(t, i, t->slots[i]);
	}
}

static void detach(desc_t link)
{
	struct table *t = table_of(phys_to_virt(desc_addr(link)));

	if (!t || t->state != LIVE)
		return; /* was a violation when it was linked */
	for (uint64_t i = 0; i < PTRS_PER_TABLE; i++)
		if (t->shadow[i] & DESC_VALID)
			slot_gone(t, i);
	t->state = UNLINKED;
	free(t->shadow);
	t->shadow = NULL;
	mmu_model.tables--;
}

static void live_store(struct table *t, uint64_t i, desc_t d)
{
	desc_t old = t->shadow[i];

	mmu_model.events.live_stores++;
	t->touched = true;
	if (i >= nr_slots(t))
		violation("store past the end of the root");
	if (old == d)
		return;
	if (old & d & DESC_VALID)
		violation("0x%lx: 0x%lx becomes 0x%lx without break-before-make", slot_va(t, i),
			  old, d);
	if (old & DESC_VALID) {
		slot_gone(t, i);
		mmu_model.events.changes += !(d & DESC_VALID);
	}
	if (d & DESC_VALID)
		slot_valid(t, i, d);
	t->shadow[i] = d;
}

/* --- what the door does ------------------------------------------------------------------- */

void mmu_model_store(desc_t *slot, desc_t value)
{
	struct table *t = table_of(slot);

	if (!t)
		return;
	if (t->state == LIVE)
		live_store(t, slot - t->slots, value);
	else if (t->state == UNLINKED)
		violation("0x%lx: store to a table that a walk cache may still lead to", t->va);
	t->stored = ordered;
}

void mmu_model_dmb_ishst(void)
{
	mmu_model.events.dmb++;
	ordered++;
}

void mmu_model_dsb_ishst(void)
{
	mmu_model.events.dsb++;
	ordered++;
	dsbs++;
	want_isb |= want_dsb;
	want_dsb = false;
}

void mmu_model_dsb_ish(void)
{
	mmu_model_dsb_ishst();
	want_isb |= nr_stale > 1;
	forget_stale(false);
	retire_unlinked();
}

void mmu_model_isb(void)
{
	mmu_model.events.isb++;
	want_isb = false;
}

static void flush(struct stale *s, bool all_levels)
{
	const struct stale *above;

	if (!s)
		return;
	if (s->stored == dsbs) {
		violation("0x%lx: TLBI without a DSB after the store", s->va);
		return;
	}
	above = s->level > LEVEL_ROOT ? find_stale(s->va, s->level - 1, true) : NULL;
	if (all_levels || !above)
		s->flushed = true;
}

static uint64_t operand_va(uint64_t operand)
{
	mmu_model.events.tlbi++;
	if (operand >> 44 & 0xf)
		violation("TLBI operand 0x%lx has a level hint", operand);
	return (uint64_t)((int64_t)(operand << 20) >> 8); /* VA[55:12], sign extended */
}

void mmu_model_tlbi_vaale1is(uint64_t operand)
{
	uint64_t va = operand_va(operand);

	for (int level = LEVEL_ROOT; level <= LEVEL_PTE; level++)
		flush(find_stale(va, level, false), false);
}

void mmu_model_tlbi_vaae1is(uint64_t operand)
{
	uint64_t va = operand_va(operand);

	for (int level = LEVEL_ROOT; level <= LEVEL_PTE; level++) {
		flush(find_stale(va, level, true), true);
		flush(find_stale(va, level, false), true);
	}
}

void mmu_model_tlbi_vmalle1is(void)
{
	mmu_model.events.tlbi++;
	for (uint32_t i = 1; i < nr_stale; i++)
		flush(&stale[i], true);
}

/* --- what tests ask ----------------------------------------------------------------------- */

/* Each member of the group that begins at slot @first: the same run, the same attributes. */
static bool group_is_whole(const struct table *t, uint64_t first, uint64_t members)
{
	desc_t d = t->shadow[first];
	uint64_t size = entry_size(t->level);

	for (uint64_t i = 0; i < members; i++)
		if (t->shadow[first + i] != d + i * size)
			return false;
	return IS_ALIGNED(desc_addr(d), members * size);
}

static void check_groups(struct table *t)
{
	uint64_t members = t->level == LEVEL_PTE ? CONT_PTES : CONT_PMDS;

	for (uint64_t i = 0; t->level >= LEVEL_PMD && i < PTRS_PER_TABLE; i++)
		if (t->shadow[i] & DESC_VALID && t->shadow[i] & DESC_CONT &&
		    !group_is_whole(t, ALIGN_DOWN(i, members), members)) {
			violation("0x%lx: contiguous group is not whole", slot_va(t, i));
			break;
		}
	t->touched = false;
}

bool mmu_model_clean(void)
{
	struct table *t;

	if (nr_stale > 1)
		violation("0x%lx: may still be cached (level %d, %s)", stale[1].va, stale[1].level,
			  stale[1].walk ? "table" : "leaf");
	if (want_dsb || want_isb)
		violation("no %s after the last change", want_dsb ? "DSB" : "ISB");
	LIST_FOREACH (t, &live, link) {
		if (t->state != LIVE)
			continue;
		if (memcmp(t->shadow, t->slots, PAGE_SIZE))
			violation("0x%lx: table of level %d written behind the door", t->va,
				  t->level);
		if (t->touched)
			check_groups(t);
	}
	return mmu_model.violations == 0;
}

void mmu_model_forgive(void)
{
	forget_stale(true);
	retire_unlinked();
	want_dsb = want_isb = false;
	mmu_model.violations = 0;
	mmu_model.text[0] = '\0';
}

static struct mmu_table describe(const struct table *t)
{
	return (struct mmu_table){ t->slots, t->va, t->level, t->valid };
}

struct mmu_table mmu_model_table(uint64_t pa)
{
	struct table *t = table_of(phys_to_virt(pa));

	return t && t->state == LIVE ? describe(t) : (struct mmu_table){ 0 };
}

void mmu_model_each_table(void (*visit)(const struct mmu_table *))
{
	struct table *t;

	LIST_FOREACH (t, &live, link) {
		struct mmu_table described = describe(t);

		if (t->state == LIVE && t != root)
			visit(&described);
	}
}

static uint64_t table_digest(const struct table *t)
{
	uint64_t hash = (uint64_t)t->slots;

	for (uint64_t i = 0; i < PTRS_PER_TABLE; i++)
		hash = (hash ^ t->slots[i]) * 0x100000001b3UL;
	return hash;
}

uint64_t mmu_model_digest(void)
{
	struct table *t;
	uint64_t sum = 0;

	LIST_FOREACH (t, &live, link)
		sum += t->state == LIVE ? table_digest(t) : 0;
	return sum;
}

void mmu_model_freed(uint64_t pa, uint64_t bytes)
{
	for (uint64_t end = pa + bytes; pa < end; pa += PAGE_SIZE) {
		struct table *t = by_pfn ? by_pfn[pa >> PAGE_SHIFT] : NULL;

		if (!t)
			continue;
		if (t->state == DETACHED) {
			free(t);
			by_pfn[pa >> PAGE_SHIFT] = NULL;
		} else {
			violation("0x%lx: table freed that a %s may still lead to", t->va,
				  t->state == LIVE ? "walker" : "walk cache");
		}
	}
}
