// SPDX-License-Identifier: MIT
/*
 * `check`, `trace` and `fail_nth`: the command line may say which of the two images it is meant
 * for. And what the checked one refuses: its instructions are not those that anybody else runs.
 */
#include "boot/check.h"

#include <errno.h>
#include <stdio.h>

#include "boot/crash.h"
#include "boot/tables.h"
#include "lib/cmdline/options.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "lib/platform.h"
#include "mm/check/live.h"
#include "mm/map/flush.h"
#include "mm/map/map.h"
#include "mm/pages/vmemmap.h"
#include "mm/phys/fail.h"
#include "mm/phys/ranges.h"

static bool check, trace;
static uint64_t nth; /* 0: not given */

OPTION_FLAG(check, "check", &check, "  only for Image.check, which checks locks and descriptors");
OPTION_FLAG(trace, "trace", &trace, "  Image.check: prints each event of the one door");

OPTION_UNSIGNED(fail_nth, "fail_nth", &nth, 1, UINT64_MAX,
		"=N  of each test and of the CPUs' start the Nth allocation fails (Image.check)");

bool is_wrong_image(char *error, size_t size)
{
	const char *what = check ? "check=1" : trace ? "trace=1" : "crash=rule";

	if ((check || trace || crash_needs_checker()) && !IS_CHECKED) {
		snprintf(error, size, "%s needs Image.check, this is Image", what);
		return true;
	}
	if (nth && !IS_CHECKED) {
		snprintf(error, size, "fail_nth=%lu needs Image.check, this is Image", nth);
		return true;
	}
	if (options.bench[0] && IS_CHECKED) {
		snprintf(error, size, "bench= needs Image, this is Image.check: no figure is its");
		return true;
	}
	return false;
}

#ifdef CHECKED

/*
 * What tests map at once beside free RAM, once by the largest leaf: a range of that size page by
 * page, for devices, whose frames have no other records. And a few tables and blocks of
 * everybody's.
 */
#define LARGEST_LEAF (HAVE_PUD_BLOCK ? PUD_SIZE : CONT_PMD_SIZE)
#define MORE_TABLES  ((LARGEST_LEAF >> PMD_SHIFT) + 128)
#define MORE_REGIONS ((LARGEST_LEAF >> PAGE_SHIFT) + 16384)
#define MORE_FRAMES  ((LARGEST_LEAF >> PMD_SHIFT) + 128)

static struct {
	struct checker_config config;
	uint64_t pa, bytes;
} reserved;

static const desc_t *table_at(void *context, uint64_t pa)
{
	(void)context;
	return pfn_valid(pa >> PAGE_SHIFT) ? phys_to_virt(pa) : NULL;
}

static const void *memory_at(void *context, uint64_t pa)
{
	return table_at(context, pa);
}

/* Links of tables in the vmemmap; of its frames as many PMD-sized parts have any, at the most. */
static uint64_t vmemmap_links(void)
{
	return (vmemmap_counts.own + vmemmap_counts.shared) / PTRS_PER_TABLE +
	       vmemmap_counts.tables;
}

int reserve_checker(void)
{
	struct phys_range r;
	uint64_t end = 0, windows = 0, tables;

	for_each_ram_range (&r)
		end = r.first_pfn + r.pages;
	for_each_free_range(&r) windows += r.pages / PTRS_PER_TABLE + 2;
	tables = 2 * windows + boot_table_pages() + vmemmap_links() + MORE_TABLES;
	reserved.config =
		(struct checker_config){ .table_at = table_at,
					 .memory_at = memory_at,
					 .frames_end = end << PAGE_SHIFT,
					 .frame_blocks = windows + vmemmap_links() + MORE_FRAMES,
					 .regions = 2 * windows + MORE_REGIONS };
	reserved.bytes = checker_memory(&reserved.config, tables);
	reserved.pa = boot_ram_alloc(reserved.bytes, PAGE_SIZE, 0, PHYS_END);
	if (reserved.pa)
		return 0;
	log_printf("boot: no room for the checker (%lu KiB)\n", reserved.bytes >> 10);
	return -ENOMEM;
}

void start_checker(void)
{
	panic_unless(live_check_start(&reserved.config, phys_to_virt(reserved.pa), reserved.bytes,
				      mm_event_address(swapper_pg_dir), trace),
		     "start_checker: %lu bytes are too few", reserved.bytes);
	flush_set_policy(flush_policy); /* the checker has not heard of it */
}

#endif

#if HAVE_FAIL_NTH
static uint64_t all_failed;

void fail_as_asked(void)
{
	if (!nth)
		return;
	all_failed += fail_nth_end();
	fail_nth_begin(nth, nth);
}

void fail_no_more(void)
{
	if (!nth)
		return;
	all_failed += fail_nth_end();
	log_printf("fail_nth=%lu: %lu allocations failed\n", nth, all_failed);
	all_failed = 0;
}
#else
void fail_as_asked(void)
{
}

void fail_no_more(void)
{
}
#endif
