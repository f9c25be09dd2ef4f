// SPDX-License-Identifier: MIT
/*
 * HVO at run time: the vmemmap pages that hold nothing but tails of one huge page give way to the
 * one shared tail page of its (zone, order), read-only, and come back when that is undone.
 *
 * All: any CPU, IRQs on, no lock held, not from an interrupt and not between stop_others() and
 * resume_others(). The caller owns the huge page, and nobody writes to a tail past the reserved
 * vmemmap page, ever: they are bit by bit the same (page_fill_tails()). Everybody may read every
 * struct page at any moment, and get and put references, which are the head's.
 */
#pragma once

#include "mm/phys/page.h"

/* How a live leaf of the vmemmap gets another output address (docs/vmemmap.md). */
enum hvo_strategy {
	HVO_RO,	 /* read-only first: no moment without a translation, nobody held */
	HVO_BBM, /* break-before-make, all other CPUs held */
	HVO_AF,	 /* access flag cleared, then compare-and-swap; TCR_EL1.HA on every CPU */
	HVO_STRATEGIES,
};

/* How a block of the vmemmap becomes a table of pages, once. */
enum hvo_split {
	HVO_SPLIT_HELD,	 /* break-before-make, all other CPUs held */
	HVO_SPLIT_BBML2, /* in one store; FEAT_BBM level 2 on every CPU */
	HVO_SPLITS,
};

/* Their names, as `hvo=` and `hvo_split=` have them; NULL at the end. */
extern const char *const hvo_strategy_names[HVO_STRATEGIES + 1];
extern const char *const hvo_split_names[HVO_SPLITS + 1];

/* The ones in force: HVO_RO and HVO_SPLIT_HELD, legal on every CPU, until they are set. */
extern unsigned hvo_strategy, hvo_split;

/*
 * NULL, or why this machine, with the CPUs that are online now, may not use it. One line, no end
 * of line.
 */
const char *hvo_strategy_refused(enum hvo_strategy strategy);
const char *hvo_split_refused(enum hvo_split split);

/*
 * Puts it in force; with HVO_AF every CPU sets access flags by itself from then on, and with any
 * other none does. A CPU that comes online later and cannot is not kept from it: what is in force
 * is refused from then on. While no other call of this page runs.
 *	-EOPNOTSUPP	refused
 *	-ETIMEDOUT	a CPU did not answer
 */
int hvo_set_strategy(enum hvo_strategy strategy);
int hvo_set_split(enum hvo_split split);

/* Puts in force what `hvo=` and `hvo_split=` say; one line of each that is refused. As above. */
void apply_hvo_options(void);

/* Struct pages in the one vmemmap page that a huge page keeps: its head and first tails. */
#define HVO_RESERVED_STRUCTS (PAGE_SIZE / STRUCT_PAGE_SIZE)

/* vmemmap pages of a compound page of 2^@order; 0: less than one. */
static __always_inline uint64_t order_vmemmap_pages(unsigned order)
{
	return (STRUCT_PAGE_SIZE << order) >> PAGE_SHIFT;
}

/* Whether there is anything to share: more than one page. */
static __always_inline bool order_is_optimizable(unsigned order)
{
	return order_vmemmap_pages(order) > 1;
}

/*
 * Shares the tails of the huge page @head, or of each of heads[0 .. n): its vmemmap pages but the
 * first are freed. Already optimised: nothing is done. In steady state it allocates nothing.
 * Of many, those before the first error are optimised: *@done of them, @done may be NULL.
 *	-EINVAL		no head of a compound page of RAM whose order is optimizable
 *	-ENOMEM		a block of the vmemmap has to be split, or the shared page is new: no page
 *	-ETIMEDOUT	a CPU could not be held
 *	-EOPNOTSUPP	the strategy in force is refused (a CPU came online since)
 * On an error nothing of that huge page has changed.
 */
int hugetlb_vmemmap_optimize(struct page *head);
int hugetlb_vmemmap_optimize_pages(struct page *const *heads, uint64_t n, uint64_t *done);

/*
 * The reverse: private tails again. Not optimised: nothing is done. Before a huge page is given
 * back to the page allocator. Errors as above; -ENOMEM: it stays optimised.
 */
int hugetlb_vmemmap_restore(struct page *head);
int hugetlb_vmemmap_restore_pages(struct page *const *heads, uint64_t n, uint64_t *done);

struct hvo_counts {
	uint64_t optimized, restored;	   /* huge pages */
	uint64_t pages_freed, pages_taken; /* vmemmap pages, against the page allocator */
	uint64_t splits;		   /* blocks of the vmemmap */
	uint64_t unshared;		   /* links to a table of shared tails that got their own */
	uint64_t af_lost;		   /* compare-and-swaps that came after a walker's update */
	uint64_t af_given_up;		   /* batches that were finished as HVO_RO does it */
};

/* Since boot; they only grow. */
extern struct hvo_counts hvo_counts;
