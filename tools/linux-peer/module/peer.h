/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the files of peer.ko, which counts the instructions that Linux spends in what tlbed
 * measures. Every row has the name that tlbed's bench has, less the rung.
 */
#pragma once

#include <linux/mm.h>
#include <linux/types.h>
#include <linux/vmalloc.h>

#define SAMPLES	  64
#define MB	  (1UL << 20)
#define BIG	  (100 * MB)
#define BIG_PAGES (BIG >> PAGE_SHIFT)

/* --- sample.c ----------------------------------------------------------------------------- */

struct series {
	u64 instructions[SAMPLES], cycles[SAMPLES];
};

/* A call, its undoing, and the flush that Linux puts off: three series a bench. */
extern struct series calls, undos, flushes;

/* The ISB before keeps the read from being done early, the one after holds what follows back. */
static __always_inline u64 read_cycles(void)
{
	u64 v;

	asm volatile("isb; mrs %0, pmccntr_el0; isb" : "=r"(v)::"memory");
	return v;
}

static __always_inline u64 read_instructions(void)
{
	u64 v;

	asm volatile("isb; mrs %0, pmevcntr0_el0; isb" : "=r"(v)::"memory");
	return v;
}

/* Times @statement as sample @i of @series: INST_RETIRED innermost. */
#define SAMPLE(series, i, statement)                              \
	do {                                                      \
		u64 c_ = read_cycles(), n_ = read_instructions(); \
                                                                  \
		statement;                                        \
		n_ = read_instructions() - n_;                    \
		(series)->cycles[i] = read_cycles() - c_;         \
		(series)->instructions[i] = (u32)n_;              \
	} while (0)

/* Starts the counters and measures an empty sample. -ENODEV: they do not count exactly. */
int sample_start(void);

/* Prints the row @name: the median and the rest, an empty sample subtracted. */
void row(const char *name, struct series *series);
void row_missing(const char *name, const char *why);

/* Lets kworkers and the tick's leftovers run between samples. */
void settle(void);

/* --- main.c: what the kernel does not export, NULL where it has none ---------------------- */

void *find_symbol(const char *name);

extern struct vm_struct *(*peer_get_vm_area)(unsigned long size, unsigned long flags);
extern int (*peer_vmap_pages_range)(unsigned long addr, unsigned long end, pgprot_t prot,
				    struct page **pages, unsigned int page_shift);
extern int (*peer_vmap_page_range)(unsigned long addr, unsigned long end, phys_addr_t phys,
				   pgprot_t prot);
extern void (*peer_vunmap_range)(unsigned long addr, unsigned long end);
extern void (*peer_vunmap_range_noflush)(unsigned long addr, unsigned long end);

/* --- pages.c: the array that is handed to vmap -------------------------------------------- */

extern struct page **pages;

int pages_start(void);
void pages_stop(void);

/* Fills pages[] from blocks of @order, of compound pages with @comp, ascending. 0 or -ENOMEM. */
int pages_take(unsigned long bytes, unsigned int order, bool comp);

/* The same of compound blocks that are all neighbours. -ENOMEM: there is no such stretch. */
int pages_take_adjacent(unsigned long bytes, unsigned int order);
void pages_give(void);

/* Reorders the blocks so that no two neighbours in the array are neighbours in memory. */
int pages_put_apart(void);

/* Random order, page by page. */
void pages_scatter(void);

/* How many pages do not follow the one before them in memory. */
unsigned long pages_breaks(void);

/* --- what is measured --------------------------------------------------------------------- */

void measure_areas(void);
void measure_vmap(void);
void measure_alloc(void);
void measure_hvo(void);
