// SPDX-License-Identifier: MIT
/*
 * Optimising the first huge page of those whose struct pages one block of the vmemmap maps: the
 * block is split on the way, for good. So each pass takes a page of another block, and there are as
 * many passes as the machine has whole blocks, or none.
 */
#include <errno.h>
#include <stdio.h>

#include "bench/hvo/family.h"
#include "bench/hvo/pages.h"
#include "bench/pmu/events.h"
#include "bench/report/text.h"
#include "lib/cmdline/options.h"
#include "lib/log.h"
#include "mm/map/protect.h"
#include "mm/pages/hvo.h"
#include "mm/pages/vmemmap.h"
#include "mm/phys/buddy.h"

#define ORDER	   (PMD_SHIFT - PAGE_SHIFT)
#define BLOCKS_MAX 256

static struct page *heads[BLOCKS_MAX];
static unsigned count, next;
static unsigned split_before;

/* --- one huge page of each whole block ---------------------------------------------------- */

static bool is_whole(const struct page *head)
{
	struct leaf leaf;

	return !walk_lookup((uint64_t)head, &leaf) && leaf.level < LEVEL_PTE;
}

static bool is_known(const struct page *head)
{
	for (unsigned i = 0; i < count; i++)
		if ((uint64_t)heads[i] >> PMD_SHIFT == (uint64_t)head >> PMD_SHIFT)
			return true;
	return false;
}

/* Takes huge pages until @needed blocks are found, or all are taken; gives back the others. */
static void find_blocks(unsigned needed)
{
	SLIST_HEAD(, page) others = SLIST_HEAD_INITIALIZER(others);
	struct page *page;

	while (count < needed && (page = alloc_pages(GFP_KERNEL | __GFP_COMP, ORDER))) {
		if (is_whole(page) && !is_known(page))
			heads[count++] = page;
		else
			SLIST_INSERT_HEAD(&others, page, hot_link);
	}
	while ((page = SLIST_FIRST(&others))) {
		SLIST_REMOVE_HEAD(&others, hot_link);
		put_page(page);
	}
}

/* What is larger than a block is cut down to blocks now: the row is about one block. */
static int make_block(uint64_t va)
{
	struct leaf leaf;
	int error = walk_lookup(va, &leaf);

	while (!error && (leaf.cont || leaf.level < LEVEL_PMD)) {
		/* Inside the group, or the would-be group, that has @va. */
		error = map_split(ALIGN_DOWN(va, CONT_PMD_SIZE) + PMD_SIZE);
		error = error ?: walk_lookup(va, &leaf);
	}
	return error;
}

/* And the shared page is there: it is not the block's. */
static int make_blocks(void)
{
	int error = 0;

	for (unsigned i = 0; i < count && !error; i++)
		error = vmemmap_shared_tail(heads[i]->zone, ORDER) ? make_block((uint64_t)heads[i])
								   : -ENOMEM;
	return error;
}

/* --- steps -------------------------------------------------------------------------------- */

static int prepare(struct pass *pass)
{
	static char why[80];
	uint64_t needed = (1 + bench_events.rounds) * (options.warmup + options.samples) + 1;

	split_before = hvo_split;
	count = next = 0;
	pass->why = hvo_split_refused(pass->bench->kind);
	if (pass->why)
		return -EOPNOTSUPP;
	find_blocks(MIN(needed, BLOCKS_MAX));
	if (count < needed) {
		snprintf(why, sizeof(why),
			 "%u blocks of the vmemmap are whole, %lu passes need one each", count,
			 needed);
		pass->why = why;
		return -ENOMEM;
	}
	pass->why = "no memory for tables";
	return make_blocks() ?: hvo_set_split(pass->bench->kind);
}

static void finish(struct pass *pass)
{
	(void)pass;
	huge_give(heads, count);
	hvo_set_split(split_before);
}

static int before(struct pass *pass)
{
	pass->why = "no more blocks of the vmemmap are whole";
	if (next == count)
		return -ENOMEM;
	pass->why = NULL;
	pass->page = heads[next++];
	return 0;
}

static void first_body(struct pass *pass)
{
	pass->error = hugetlb_vmemmap_optimize(pass->page);
}

static int check(struct pass *pass)
{
	pass->structs = (struct vmemmap_use){ 0 };
	return huge_is(pass, pass->page, true, &pass->structs) ? 0 : -EFAULT;
}

/* All but the table. */
static int after(struct pass *pass)
{
	return hugetlb_vmemmap_restore(pass->page);
}

static bool make(struct bench *bench, char name[BENCH_NAME_MAX], unsigned i)
{
	char text[SIZE_TEXT_MAX];

	snprintf(name, BENCH_NAME_MAX, "hvo-optimize/%s/first/%s", text_size(text, PMD_SIZE),
		 hvo_split_names[i]);
	bench->order = ORDER;
	bench->bytes = PMD_SIZE;
	bench->keeps = 1;
	bench->prepare = prepare;
	bench->finish = finish;
	bench->before = before;
	bench->body = first_body;
	bench->check = check;
	bench->after = after;
	return true;
}

static void line(const struct result *r)
{
	char text[3][TEXT_MAX];

	log_printf("  hvo_split=%-9s %12s %8s %9s %6lu %6lu\n", hvo_split_names[r->bench->kind],
		   hvo_cell(text[0], r), text_number(text[1], r->work.pte_writes),
		   text_number(text[2], r->work.tlbi), r->work.dsb, r->work.table_writes);
}

static void report(const struct results *results)
{
	bool headed = false;

	for (unsigned i = 0; i < HVO_SPLITS; i++) {
		const struct result *r = hvo_find(results, first_body, i);

		if (!hvo_measured(r))
			continue;
		if (!headed) {
			log_printf("\nHVO, THE FIRST HUGE PAGE OF A BLOCK of the vmemmap, which is "
				   "split on the way, once\n");
			text_rule('=');
			log_printf("  %-19s %12s %8s %9s %6s %6s\n", "", "optimise", "stores",
				   "TLBI", "DSB", "links");
		}
		headed = true;
		line(r);
	}
	if (headed)
		text_rule('=');
}

const struct hvo_family hvo_first = { HVO_SPLITS, make, report };
