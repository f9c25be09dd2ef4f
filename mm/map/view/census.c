// SPDX-License-Identifier: MIT
/*
 * The census (census.h). The range is cut into runs; then each leaf of a run is asked where
 * the next larger leaf around it would lie, and what is wrong with that.
 */
#include "mm/map/view/census.h"

#include <stdio.h>

#include "mm/map/view/walk.h"

const unsigned leaf_shifts[NR_LEAF_KINDS] = {
	[LEAF_PAGE] = PAGE_SHIFT,
	[LEAF_PAGE_CONT] = CONT_PTE_SHIFT,
	[LEAF_BLOCK] = PMD_SHIFT,
	[LEAF_BLOCK_CONT] = CONT_PMD_SHIFT,
	[LEAF_1G] = HAVE_PUD_BLOCK ? PUD_SHIFT : 0,
};

const char *const leaf_limit_names[NR_LEAF_LIMITS] = {
	[LIMIT_NONE] = "none",	       [LIMIT_FALLBACK] = "fallback", [LIMIT_RUN] = "run_length",
	[LIMIT_PA_PHASE] = "pa_phase", [LIMIT_CALLER] = "caller",     [LIMIT_VA_PHASE] = "va_phase",
	[LIMIT_UNKNOWN] = "unknown",
};

enum leaf_kind leaf_kind_of(desc_t desc, int level)
{
	if (level < LEVEL_PMD)
		return LEAF_1G;
	if (level == LEVEL_PMD)
		return desc & DESC_CONT ? LEAF_BLOCK_CONT : LEAF_BLOCK;
	return desc & DESC_CONT ? LEAF_PAGE_CONT : LEAF_PAGE;
}

/* --- runs ----------------------------------------------------------------------------------- */

struct run {
	uint64_t va, end, pa;
	pgprot_t prot;
};

struct survey {
	uint64_t start; /* of the range */
	struct map_limits limits;
	struct map_census *census;
	struct run run; /* none yet: va == end */
	bool run_ended; /* before what was met last */
};

static uint64_t entry_pa(const struct walk_entry *e)
{
	return desc_addr(e->desc) + (e->va & ((1UL << level_shift(e->level)) - 1));
}

/* Into the run that it continues; the first valid entry begins one. */
static bool extend_run(void *context, const struct walk_entry *e)
{
	struct survey *s = context;
	struct run *run = &s->run;
	pgprot_t prot = e->desc & DESC_PROT_MASK;

	if (run->va == run->end) {
		if (e->desc & DESC_VALID)
			*run = (struct run){ e->va, e->va + e->size, entry_pa(e), prot };
		else
			s->census->invalid += e->size;
		return true;
	}
	s->run_ended = !(e->desc & DESC_VALID) || e->va != run->end || prot != run->prot ||
		       entry_pa(e) != run->pa + (run->end - run->va);
	if (s->run_ended)
		return false;
	run->end += e->size;
	return true;
}

/* --- reasons -------------------------------------------------------------------------------- */

/* Why the leaf at @va, of @kind and inside the run, is not part of a larger one. */
static enum leaf_limit limit_of(const struct survey *s, uint64_t va, enum leaf_kind kind)
{
	const struct run *run = &s->run;
	uint64_t pa = run->pa + (va - run->va), size, block_va;
	unsigned shift;

	shift = kind == LEAF_1G ? 0 : leaf_shifts[kind + 1];
	if (!shift)
		return LIMIT_NONE;
	size = 1UL << shift;
	if (shift > s->limits.max_shift && shift <= s->limits.fell_from)
		return LIMIT_FALLBACK;
	block_va = va - (pa & (size - 1));
	if (run->end - run->va < size || block_va + size > run->end)
		return LIMIT_RUN;
	if (block_va < run->va)
		return LIMIT_PA_PHASE;
	if (shift > s->limits.max_shift)
		return LIMIT_CALLER;
	if (!IS_ALIGNED(block_va, size)) {
		/* It would be, had the range itself begun where the call first wanted it. */
		bool by_start = IS_ALIGNED(block_va - s->start, size);

		return by_start && shift <= s->limits.fell_from ? LIMIT_FALLBACK : LIMIT_VA_PHASE;
	}
	return LIMIT_UNKNOWN;
}

static bool add_leaf(void *context, const struct walk_entry *e)
{
	struct survey *s = context;
	enum leaf_kind kind = leaf_kind_of(e->desc, e->level);

	if (e->desc & DESC_VALID)
		s->census->mapped[kind][limit_of(s, e->va, kind)] += e->size;
	return true;
}

/* The run is whole: its leaves are added up, and the next may begin. */
static void add_run(struct survey *s)
{
	for (uint64_t va = s->run.va; va < s->run.end;)
		va = walk_part(va, s->run.end, add_leaf, s);
	s->run.va = s->run.end;
	s->run_ended = false;
}

void census_range(uint64_t va, uint64_t end, struct map_limits limits, struct map_census *census)
{
	struct survey s = { .start = va, .limits = limits, .census = census };

	while (va < end) {
		va = walk_part(va, end, extend_run, &s);
		if (s.run_ended)
			add_run(&s);
	}
	add_run(&s);
}

/* --- sums ----------------------------------------------------------------------------------- */

void census_add(struct map_census *census, const struct map_census *more)
{
	for (unsigned kind = 0; kind < NR_LEAF_KINDS; kind++)
		for (unsigned limit = 0; limit < NR_LEAF_LIMITS; limit++)
			census->mapped[kind][limit] += more->mapped[kind][limit];
	census->invalid += more->invalid;
}

uint64_t census_of_kind(const struct map_census *census, enum leaf_kind kind)
{
	uint64_t bytes = 0;

	for (unsigned limit = 0; limit < NR_LEAF_LIMITS; limit++)
		bytes += census->mapped[kind][limit];
	return bytes;
}

uint64_t census_of_limit(const struct map_census *census, enum leaf_limit limit)
{
	uint64_t bytes = 0;

	for (unsigned kind = 0; kind < NR_LEAF_KINDS; kind++)
		bytes += census->mapped[kind][limit];
	return bytes;
}

enum leaf_limit census_main_limit(const struct map_census *census, enum leaf_kind kind)
{
	enum leaf_limit main = LIMIT_NONE;
	uint64_t most = 0;

	for (unsigned limit = LIMIT_NONE + 1; limit < NR_LEAF_LIMITS; limit++) {
		uint64_t bytes = kind == NR_LEAF_KINDS ? census_of_limit(census, limit)
						       : census->mapped[kind][limit];

		if (bytes > most) {
			most = bytes;
			main = limit;
		}
	}
	return main;
}

/* --- text ----------------------------------------------------------------------------------- */

const char *text_size(char text[SIZE_TEXT_MAX], uint64_t bytes)
{
	static const char units[] = "BKMGT";
	unsigned unit = 0;

	for (; bytes && unit < sizeof(units) - 2 && !(bytes & 1023); unit++)
		bytes >>= 10;
	if (bytes)
		snprintf(text, SIZE_TEXT_MAX, "%lu%c", bytes, units[unit]);
	else
		snprintf(text, SIZE_TEXT_MAX, "-");
	return text;
}

const char *census_text(char text[CENSUS_TEXT_MAX], const struct map_census *census)
{
	char leaf[SIZE_TEXT_MAX], bytes[SIZE_TEXT_MAX];
	size_t n = 0;

	snprintf(text, CENSUS_TEXT_MAX, "-");
	for (unsigned kind = NR_LEAF_KINDS; kind-- > 0;) {
		uint64_t mapped = census_of_kind(census, kind);

		if (mapped)
			n += snprintf(text + n, CENSUS_TEXT_MAX - n, "%s%s=%s", n ? " " : "",
				      text_size(leaf, 1UL << leaf_shifts[kind]),
				      text_size(bytes, mapped));
	}
	return text;
}
