// SPDX-License-Identifier: MIT
/*
 * Boot's huge pages: `hugepages=2M:64,1G:2`.
 *
 * They are taken in chunks, a few for each size: whole sections first, whose struct pages are
 * then made with their tails shared from the start, one vmemmap page a huge page; what does not
 * fill a section is optimised when the page allocator is up. A chunk lies in one zone, so that
 * no page does not.
 */
#include <errno.h>

#include "lib/cmdline/cmdline.h"
#include "lib/log.h"
#include "mm/pages/users/hugepages-internal.h"
#include "mm/pages/hvo.h"
#include "mm/pages/section.h"
#include "mm/phys/buddy.h"
#include "mm/phys/ranges.h"

/* What a small machine boots and runs with, beside its struct pages. */
#define BOOT_NEEDS (32 * MiB)

const unsigned huge_orders[NR_HUGE_SIZES] = {
	CONT_PTES_SHIFT,
	TABLE_SHIFT,
	TABLE_SHIFT + CONT_PMDS_SHIFT,
#if HAVE_PUD_BLOCK
	2 * TABLE_SHIFT,
#endif
};

struct huge_chunk huge_chunks[HUGE_CHUNKS_MAX];
unsigned nr_huge_chunks;

static uint64_t wanted[NR_HUGE_SIZES]; /* pages of each size */

/* --- the option ---------------------------------------------------------------------------- */

/* One SIZE:COUNT at *@text, which moves past it, to @counts. */
static bool read_size_and_count(const char **text, uint64_t *counts)
{
	unsigned i = 0;
	uint64_t size;

	if (!option_next_size(text, &size) || *(*text)++ != ':' || **text < '0' || **text > '9')
		return false;
	while (i < NR_HUGE_SIZES && huge_size(i) != size)
		i++;
	if (i == NR_HUGE_SIZES || counts[i] || !option_next_number(text, &counts[i]))
		return false;
	return counts[i] && counts[i] <= PHYS_END / size;
}

static bool read_hugepages(const struct option *option, const char *value, bool store)
{
	uint64_t counts[NR_HUGE_SIZES] = { 0 };

	do
		if (!read_size_and_count(&value, counts))
			return false;
	while (*value++ == ',');
	for (unsigned i = 0; store && i < NR_HUGE_SIZES; i++)
		option->number[i] = counts[i];
	return !value[-1];
}

OPTION(hugepages, .name = "hugepages", .read = read_hugepages, .number = wanted,
       .help = "=SIZE:N[,SIZE:N]  huge pages that boot reserves");

/* --- reserving ------------------------------------------------------------------------------- */

uint64_t boot_room(void)
{
	uint64_t free = 0, structs = 0;
	struct phys_range r;

	for_each_free_range(&r) free += r.pages << PAGE_SHIFT;
	for_each_ram_range (&r)
		structs += (r.pages + 2 * MAX_ORDER_PAGES) * STRUCT_PAGE_SIZE;
	return free > structs + BOOT_NEEDS ? free - structs - BOOT_NEEDS : 0;
}

/* A search for room for units: huge pages, or sections full of them. */
struct search {
	unsigned index;
	bool whole;
	uint64_t unit;	 /* bytes */
	uint64_t cost;	 /* that a unit takes away from @room */
	uint64_t wanted; /* units */
	uint64_t *room;	 /* bytes that boot can spare */
};

/* The search has found @units of them from @base on. False: no room to note that. */
static bool take_chunk(struct search *s, uint64_t base, uint64_t units)
{
	struct huge_chunk *c = &huge_chunks[nr_huge_chunks];
	uint64_t pages = units * s->unit >> PAGE_SHIFT;

	if (nr_huge_chunks == HUGE_CHUNKS_MAX || boot_ram_reserve(base, units * s->unit))
		return false;
	*c = (struct huge_chunk){ .pfn = base >> PAGE_SHIFT, .pages = pages, .index = s->index };
	c->whole =
		s->whole && !sections_add(c->pfn, pages, huge_orders[s->index], pfn_zone(c->pfn));
	nr_huge_chunks++;
	s->wanted -= units;
	*s->room -= units * s->cost;
	return true;
}

/* In [@lo, @hi), one zone: from each free range as much as fits, at its end. */
static bool search_zone(struct search *s, uint64_t lo, uint64_t hi)
{
	struct phys_range r;

	for_each_free_range(&r)
	{
		uint64_t start = MAX(r.first_pfn << PAGE_SHIFT, lo);
		uint64_t end = MIN((r.first_pfn + r.pages) << PAGE_SHIFT, hi), units;

		start = ALIGN_UP(start, s->unit);
		end = ALIGN_DOWN(end, s->unit);
		if (start >= end)
			continue;
		units = MIN(MIN((end - start) / s->unit, *s->room / s->cost), s->wanted);
		if (units && !take_chunk(s, end - units * s->unit, units))
			return false;
	}
	return true;
}

/* Returns how many units there are not. Memory that 32-bit devices reach is taken last. */
static uint64_t search(struct search s)
{
	if (search_zone(&s, ZONE_NORMAL_PFN << PAGE_SHIFT, PHYS_END))
		search_zone(&s, 0, ZONE_NORMAL_PFN << PAGE_SHIFT);
	return s.wanted;
}

/*
 * Whole sections need no struct pages for all their frames, as boot_room() has it, but a page for
 * each huge page, and for each stretch of its table.
 */
static uint64_t cost_of_sections(uint64_t unit, uint64_t size)
{
	uint64_t pages = unit / size + DIV_ROUND_UP(unit, SECTION_SIZE);

	return unit - (unit >> PAGE_SHIFT) * STRUCT_PAGE_SIZE + (pages << PAGE_SHIFT);
}

/* Returns how many pages there are not. */
static uint64_t reserve_size(unsigned index, uint64_t *room)
{
	uint64_t size = huge_size(index), unit = MAX(size, SECTION_SIZE);
	uint64_t left = wanted[index];
	struct search s = { .index = index, .room = room };

	if (order_is_optimizable(huge_orders[index])) {
		s.whole = true;
		s.unit = unit;
		s.cost = cost_of_sections(unit, size);
		s.wanted = left / (unit / size);
		left = left % (unit / size) + search(s) * (unit / size);
	}
	if (size >= SECTION_SIZE)
		return left;
	s.whole = false;
	s.unit = s.cost = size;
	s.wanted = left;
	return search(s);
}

/* The largest unit that leaves a whole number: for the log. */
static uint64_t in_units(uint64_t bytes, char *unit)
{
	*unit = bytes >= GiB ? 'G' : bytes >= MiB ? 'M' : 'K';
	return bytes >= GiB ? bytes >> 30 : bytes >= MiB ? bytes >> 20 : bytes >> 10;
}

void hugepages_reserve(void)
{
	uint64_t room = boot_room();

	for (unsigned i = NR_HUGE_SIZES; i-- > 0;) {
		uint64_t left = wanted[i] ? reserve_size(i, &room) : 0, size;
		char unit;

		if (!left)
			continue;
		size = in_units(huge_size(i), &unit);
		log_printf("hugepages: %lu%c: %lu of %lu, not enough memory\n", size, unit,
			   wanted[i] - left, wanted[i]);
	}
}
