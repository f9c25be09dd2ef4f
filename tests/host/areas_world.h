// SPDX-License-Identifier: MIT
/*
 * What the tests of vmalloc(), vmap() and ioremap() share: the log and the allocators
 * watched, allocations that fail on demand, the world before and after, mappings read back.
 * A test links with -Wl,--wrap= log_printf, alloc_pages, alloc_pages_bulk, table_page_alloc,
 * kmalloc.
 */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "mm/areas/ioremap.h"
#include "mm/areas/vmalloc.h"
#include "mm/map/map.h"
#include "mm/map/view/walk.h"
#include "mm/phys/buddy.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/ranges.h"
#include "mm/phys/table-pages.h"
#include "tests/host/arena.h"
#include "tests/host/tap.h"

/* RAM is 12 blocks from block 4 on, less one that plays a device (no-map). */
#define RAM_START    (4 * ARENA_BLOCK)
#define RAM_END	     (16 * ARENA_BLOCK)
#define DEVICE_START (10 * ARENA_BLOCK)
#define DEVICE_END   (11 * ARENA_BLOCK)
#define FAR_DEVICE   (1UL << 40)

/* --- the log and the allocators, watched ---------------------------------------------- */

static char log_text[128];
static unsigned log_lines;

void __wrap_log_printf(const char *fmt, ...);
void __wrap_log_printf(const char *fmt, ...)
{
	va_list ap;

	log_lines++;
	va_start(ap, fmt);
	vsnprintf(log_text, sizeof(log_text), fmt, ap);
	va_end(ap);
}

static long fail_in = -1; /* this many more allocations succeed; -1: all */
static bool fail_once;	  /* then one fails; false: all from there on */
static unsigned failures;
static unsigned top_order = 64; /* blocks of a higher order are not to be had */

static bool fails_now(void)
{
	if (fail_in < 0 || (failures && fail_once) || fail_in-- > 0)
		return false;
	fail_in = 0;
	failures++;
	return true;
}

struct page *__real_alloc_pages(gfp_t gfp, unsigned order);
unsigned long __real_alloc_pages_bulk(gfp_t gfp, unsigned long nr, struct page **array);
struct page *__real_table_page_alloc(void);
void *__real_kmalloc(size_t size, gfp_t gfp);
struct page *__wrap_alloc_pages(gfp_t gfp, unsigned order);
unsigned long __wrap_alloc_pages_bulk(gfp_t gfp, unsigned long nr, struct page **array);
struct page *__wrap_table_page_alloc(void);
void *__wrap_kmalloc(size_t size, gfp_t gfp);

struct page *__wrap_alloc_pages(gfp_t gfp, unsigned order)
{
	return fails_now() || order > top_order ? NULL : __real_alloc_pages(gfp, order);
}

/* Fails half way: what it got must go back. */
unsigned long __wrap_alloc_pages_bulk(gfp_t gfp, unsigned long nr, struct page **array)
{
	return __real_alloc_pages_bulk(gfp, fails_now() ? nr / 2 : nr, array);
}

struct page *__wrap_table_page_alloc(void)
{
	return fails_now() ? NULL : __real_table_page_alloc();
}

void *__wrap_kmalloc(size_t size, gfp_t gfp)
{
	void *object = fails_now() ? NULL : __real_kmalloc(size, gfp);

	/* Filled: a field that is not set must not happen to be zero. */
	return object ? memset(object, 0xa5, size) : NULL;
}

struct world {
	uint64_t free_pages, slab_pages, areas, tables;
};

__attribute__((unused)) static struct world look(void)
{
	kmalloc_drain();
	drain_hot_lists();
	return (struct world){ nr_free_pages(), kmalloc_slab_pages(), nr_vm_areas(),
			       map_table_pages() };
}

__attribute__((unused)) static bool unchanged(const struct world *before)
{
	struct world now = look();

	if (!memcmp(&now, before, sizeof(now)))
		return true;
	fprintf(stderr, "free %ld, slabs %ld, areas %ld, tables %ld\n",
		(long)(now.free_pages - before->free_pages),
		(long)(now.slab_pages - before->slab_pages), (long)(now.areas - before->areas),
		(long)(now.tables - before->tables));
	return false;
}

/* --- looking at mappings -------------------------------------------------------------- */

static bool unmapped(const void *addr)
{
	struct leaf leaf;

	return walk_lookup((uint64_t)addr, &leaf) != 0;
}

/* [addr, addr + n pages) maps to pa and up with @prot by leaves of @shift; the guard is a hole. */
__attribute__((unused)) static bool maps_run(const void *addr, uint64_t n, uint64_t pa,
					     pgprot_t prot, unsigned shift)
{
	int level = shift >= PUD_SHIFT && HAVE_PUD_BLOCK ? LEVEL_PUD
		    : shift >= PMD_SHIFT		 ? LEVEL_PMD
							 : LEVEL_PTE;
	bool cont = shift == CONT_PTE_SHIFT || shift == CONT_PMD_SHIFT;
	struct leaf leaf;

	for (uint64_t i = 0; i < n; i++) {
		if (walk_lookup((uint64_t)addr + (i << PAGE_SHIFT), &leaf) != 0)
			return false;
		if (leaf.pa != pa + (i << PAGE_SHIFT) || leaf.prot != prot || leaf.level != level ||
		    leaf.cont != cont)
			return false;
	}
	return true;
}

__attribute__((unused)) static bool maps_pages(const void *addr, struct page *const *pages,
					       uint64_t n, pgprot_t prot)
{
	struct leaf leaf;

	for (uint64_t i = 0; i < n; i++)
		if (walk_lookup((uint64_t)addr + (i << PAGE_SHIFT), &leaf) != 0 ||
		    leaf.pa != page_to_phys(pages[i]) || leaf.prot != prot ||
		    vmalloc_to_page(addr + (i << PAGE_SHIFT)) != pages[i])
			return false;
	return unmapped(addr - 1) && unmapped(addr + (n << PAGE_SHIFT));
}

/*
 * Lets the first, the second, ... allocation inside @get fail, alone and with all that
 * follow, until it needs no more. Alone it may be made up for, by a smaller block or
 * another try; with those that follow @get must return NULL.
 */
__attribute__((unused)) static void inject(void *(*get)(void), void (*put)(const void *),
					   const char *what)
{
	struct world before;
	bool good = true;
	int n;

	/* Once before: what a first call leaves, such as upper tables, is none of ours. */
	put(get());
	before = look();
	for (n = 0; good; n++) {
		void *addr;

		fail_once = n % 2;
		fail_in = n / 2;
		failures = 0;
		addr = get();
		fail_in = -1;
		put(addr);
		good = unchanged(&before) && (!failures || fail_once || !addr);
		if (!failures)
			break;
	}
	ok(good && n >= 4, "%s: each of %d allocations fails, nothing is lost", what, n / 2);
}

/* RAM as drawn above; the upper tables come with the first mapping, and stay. */
__attribute__((unused)) static void start_world(void)
{
	arena_add_ram(RAM_START, RAM_END - RAM_START);
	boot_ram_reserve_nomap(DEVICE_START, DEVICE_END - DEVICE_START);
	buddy_init();
	vfree(vmalloc(1));
}
