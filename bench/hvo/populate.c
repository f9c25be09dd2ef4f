// SPDX-License-Identifier: MIT
/*
 * Populating the vmemmap, and taking it away: of one section, of 1G, of as much as this machine's
 * RAM. Plain is what boot does; `tails` is the same and then compound pages made in it, as it takes
 * without sharing; `private` initialises heads and tails once, in memory of their own; the others
 * share tails of huge pages of that size.
 */
#include <errno.h>
#include <stdio.h>

#include "bench/hvo/family.h"
#include "bench/hvo/phantom.h"
#include "bench/hvo/use.h"
#include "bench/report/text.h"
#include "bench/selfcheck.h"
#include "lib/log.h"
#include "mm/pages/section.h"
#include "mm/pages/vmemmap.h"
#include "mm/phys/ranges.h"

enum way { WAY_PLAIN, WAY_TAILS, WAY_PRIVATE, WAY_SHARED, NR_WAYS = WAY_SHARED + NR_HUGE_SHIFTS };
enum size { SIZE_SECTION, SIZE_1G, SIZE_RAM, NR_SIZES };
enum op { OP_POPULATE, OP_DEPOPULATE, NR_OPS };

/* Numbers of points. */
#define POINT_OF(op, size, way) (((op)*NR_SIZES + (size)) * NR_WAYS + (way))

static struct vmemmap_counts start; /* before the body */

static unsigned way_of(const struct bench *bench)
{
	return bench->kind % NR_WAYS;
}

/* Up to whole ones of 1G. Not known yet when the points are made. */
static uint64_t ram_bytes(void)
{
	uint64_t pages = 0;
	struct phys_range r;

	for_each_ram_range (&r)
		pages += r.pages;
	return ALIGN_UP(pages << PAGE_SHIFT, 1 * GiB);
}

static enum size size_of(const struct bench *bench)
{
	return bench->kind / NR_WAYS % NR_SIZES;
}

static uint64_t bytes_of(enum size size)
{
	return size == SIZE_SECTION ? SECTION_SIZE : 1 * GiB;
}

/* Order of the sections. */
static unsigned order_of(unsigned way)
{
	if (way >= WAY_SHARED)
		return huge_shifts[way - WAY_SHARED] - PAGE_SHIFT;
	return way == WAY_PRIVATE ? PRIVATE_ORDER : 0;
}

/* --- steps -------------------------------------------------------------------------------- */

static int make_it(struct pass *pass)
{
	int error = phantom_populate(pass->bytes);

	if (!error && way_of(pass->bench) == WAY_TAILS)
		phantom_make_compound(pass->bytes, PMD_SHIFT - PAGE_SHIFT);
	return error;
}

/* Once, so that upper tables and the shared page are there. */
static int prepare(struct pass *pass)
{
	int error;

	if (size_of(pass->bench) == SIZE_RAM)
		pass->bytes = ram_bytes();
	error = phantom_add(pass, pass->bytes, order_of(way_of(pass->bench)));
	if (error)
		return error;
	error = make_it(pass);
	if (!error)
		phantom_depopulate(pass->bytes);
	return error;
}

static void finish(struct pass *pass)
{
	(void)pass;
	phantom_remove();
}

static int note_counts(struct pass *pass)
{
	(void)pass;
	start = vmemmap_counts;
	return 0;
}

static void populate_body(struct pass *pass)
{
	pass->error = make_it(pass);
}

static void depopulate_body(struct pass *pass)
{
	phantom_depopulate(pass->bytes);
}

static int take_away(struct pass *pass)
{
	phantom_depopulate(pass->bytes);
	return 0;
}

/* --- checks ------------------------------------------------------------------------------- */

/* Order of what the struct pages are: 0 if they are no compound pages. */
static unsigned compound_order(unsigned way)
{
	return way == WAY_TAILS ? PMD_SHIFT - PAGE_SHIFT : order_of(way);
}

static bool structs_are_right(uint64_t bytes, unsigned order)
{
	const struct page *page = pfn_to_page(PHANTOM_PFN), *end = page + (bytes >> PAGE_SHIFT);

	for (; page < end; page += 1UL << order)
		if (!heads_are_right(page, 1UL << order) ||
		    (order ? page->refcount != 1 : page->state != 0))
			return false;
	return true;
}

/* What the counts have gained, and what the walk finds, is what the layout says. */
static bool takes(const struct layout_cost *cost, const struct vmemmap_use *use)
{
	return vmemmap_counts.own - start.own == cost->own &&
	       vmemmap_counts.shared - start.shared == cost->shared &&
	       vmemmap_counts.tables - start.tables == cost->tables &&
	       use->own_bytes == cost->own << PAGE_SHIFT &&
	       use->shared_bytes == cost->shared << PAGE_SHIFT &&
	       use->table_bytes == (cost->tables + cost->tail_tables) << PAGE_SHIFT;
}

static int check(struct pass *pass)
{
	unsigned way = way_of(pass->bench), order = order_of(way);
	bool shares = way >= WAY_SHARED;
	struct layout_cost cost =
		phantom_cost(shares ? LAYOUT_UNIFIED : LAYOUT_PLAIN, pass->bytes, order);
	const struct page *tail = shares ? vmemmap_find_shared_tail(ZONE_DEVICE, order) : NULL;

	pass->why = "a leaf of the vmemmap is wrong";
	if (!vmemmap_use(PHANTOM_PFN, pass->bytes >> PAGE_SHIFT, tail, &pass->structs))
		return -EFAULT;
	pass->why = "the vmemmap takes other memory than its layout says";
	if (!takes(&cost, &pass->structs))
		return -EFAULT;
	pass->why = "a struct page is wrong";
	if (!structs_are_right(pass->bytes, compound_order(way)))
		return -EFAULT;
	pass->why = NULL;
	return 0;
}

static int check_gone(struct pass *pass)
{
	uint64_t va = (uint64_t)pfn_to_page(PHANTOM_PFN), end = va + structs_of(pass->bytes);
	struct leaf leaf;

	for (; va < end; va += PAGE_SIZE)
		if (!walk_lookup(va, &leaf)) {
			pass->why = "a page of the vmemmap is still there";
			return -EFAULT;
		}
	pass->structs = (struct vmemmap_use){ .known = true };
	return 0;
}

/* --- points ------------------------------------------------------------------------------- */

static const char *way_name(char text[SIZE_TEXT_MAX], unsigned way)
{
	static const char *const names[] = { "plain", "plain-then-tails", "private" };

	if (way < WAY_SHARED)
		return names[way];
	return text_size(text, 1UL << huge_shifts[way - WAY_SHARED]);
}

static const char *size_name(char text[SIZE_TEXT_MAX], enum size size)
{
	return size == SIZE_RAM ? "ram" : text_size(text, bytes_of(size));
}

static bool make(struct bench *bench, char name[BENCH_NAME_MAX], unsigned i)
{
	unsigned way = i % NR_WAYS, size = i / NR_WAYS % NR_SIZES, op = i / NR_WAYS / NR_SIZES;
	unsigned shift = way >= WAY_SHARED  ? huge_shifts[way - WAY_SHARED]
			 : way == WAY_TAILS ? PMD_SHIFT
					    : PAGE_SHIFT;
	char a[SIZE_TEXT_MAX], b[SIZE_TEXT_MAX];

	bench->bytes = bytes_of(size);
	/* Taken away it is what plain is. */
	if (!shift || bench->bytes % (1UL << shift) || (op == OP_DEPOPULATE && way == WAY_TAILS))
		return false;
	snprintf(name, BENCH_NAME_MAX, "hvo-%s/%s/%s",
		 op == OP_POPULATE ? "populate" : "depopulate", size_name(a, size),
		 way_name(b, way));
	bench->prepare = prepare;
	bench->finish = finish;
	bench->before = op == OP_POPULATE ? note_counts : make_it;
	bench->body = op == OP_POPULATE ? populate_body : depopulate_body;
	bench->check = op == OP_POPULATE ? check : check_gone;
	bench->after = op == OP_POPULATE ? take_away : NULL;
	return true;
}

/* --- the table ---------------------------------------------------------------------------- */

static const struct result *find(const struct results *results, enum op op, enum size size,
				 unsigned way)
{
	return hvo_find(results, op == OP_POPULATE ? populate_body : depopulate_body,
			POINT_OF(op, size, way));
}

/* "18.35 %" */
static const char *percent(char text[TEXT_MAX], const struct result *r, const struct result *of)
{
	char number[TEXT_MAX];

	if (!hvo_measured(r) || !hvo_measured(of))
		return "-";
	snprintf(text, TEXT_MAX, "%s %%",
		 text_quotient(number, 100 * r->instructions.median, of->instructions.median));
	return text;
}

static void line(const struct results *results, enum size size, unsigned way)
{
	const struct result *r = find(results, OP_POPULATE, size, way);
	char cells[6][TEXT_MAX], name[SIZE_TEXT_MAX];

	if (!r)
		return;
	log_printf("  %-18s %13s %10s %10s %10s %13s %14s\n", way_name(name, way),
		   hvo_cell(cells[0], r),
		   percent(cells[1], r, find(results, OP_POPULATE, size, WAY_PLAIN)),
		   percent(cells[2], r, find(results, OP_POPULATE, size, WAY_PRIVATE)),
		   percent(cells[3], r, find(results, OP_POPULATE, size, WAY_TAILS)),
		   hvo_cell(cells[4], find(results, OP_DEPOPULATE, size, way)),
		   r->structs.known
			   ? text_number(cells[5],
					 (r->structs.own_bytes + r->structs.table_bytes) >> 10)
			   : "-");
}

static bool has_size(const struct results *results, enum size size)
{
	for (unsigned way = 0; way < NR_WAYS; way++)
		if (find(results, OP_POPULATE, size, way))
			return true;
	return false;
}

static void report(const struct results *results)
{
	char name[SIZE_TEXT_MAX];
	bool headed = false;

	for (unsigned size = 0; size < NR_SIZES; size++) {
		if (!has_size(results, size))
			continue;
		if (!headed)
			log_printf("\nPOPULATING THE VMEMMAP: instructions of one call\n");
		text_rule(headed ? '-' : '=');
		headed = true;
		log_printf("  %-18s %13s %10s %10s %10s %13s %14s\n", size_name(name, size),
			   "populate", "of plain", "of private", "of both", "depopulate",
			   "KiB it takes");
		for (unsigned way = 0; way < NR_WAYS; way++)
			line(results, size, way);
	}
	if (!headed)
		return;
	text_rule('=');
	log_printf(
		"plain: zeroed, in the largest leaves. plain-then-tails: and then compound pages "
		"of %s made in it,\nwhich is what they cost without sharing: \"both\" passes. "
		"private: heads and tails in one pass.\n2M, 32M, ...: one page each for the head, "
		"shared tails for the rest (docs/hvo-bench.md).\n",
		text_size(name, PMD_SIZE));
}

const struct hvo_family hvo_populate = { NR_OPS * NR_SIZES * NR_WAYS, make, report };
static_assert(NR_OPS * NR_SIZES * NR_WAYS <= 64, "they are all numbered");
