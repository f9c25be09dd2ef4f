// SPDX-License-Identifier: MIT
// granules: 12 14 16
/*
 * What boot takes for huge pages and for a device: the options, then random machines up to a
 * terabyte, on which what was taken is held against the rules and against what could have been.
 */
// sources: lib/cmdline/glob.c
#include "tests/host/capture.h"
#include "lib/cmdline/cmdline.c"
#include "mm/phys/ranges.c"
#include "mm/pages/users/hugepages-reserve.c"
#include "mm/pages/users/dax.c"

#define BORDER (4 * GiB)

/* --- in place of section.c ------------------------------------------------------------------ */

static struct added {
	uint64_t pfn, nr;
	unsigned order;
	enum zone_id zone;
} added[HUGE_CHUNKS_MAX];
static unsigned nr_added;
static int add_error;

int sections_add(uint64_t pfn, uint64_t nr, unsigned order, enum zone_id zone)
{
	if (!add_error)
		added[nr_added++] = (struct added){ pfn, nr, order, zone };
	return add_error;
}

/* --- machines ------------------------------------------------------------------------------- */

static void reset(void)
{
	memset(&ram, 0, sizeof(ram));
	memset(&reserved, 0, sizeof(reserved));
	memset(&nomap, 0, sizeof(nomap));
	memset(&for_devices, 0, sizeof(for_devices));
	memset(wanted, 0, sizeof(wanted));
	memset(&asked, 0, sizeof(asked));
	nr_huge_chunks = nr_added = 0;
	add_error = 0;
	dax_base = dax_size = dax_order = 0;
	capture_text();
}

/* Whether @line is well-formed; it is obeyed then. */
static bool given(const char *line)
{
	char error[128];

	return !cmdline_parse(line, error, sizeof(error));
}

static uint64_t pages_of(unsigned index)
{
	uint64_t pages = 0;

	for (unsigned i = 0; i < nr_huge_chunks; i++)
		if (huge_chunks[i].index == index)
			pages += huge_chunks[i].pages;
	return pages >> huge_orders[index];
}

/* Whether all of [@base, @base + @size) is free. */
static bool is_free(uint64_t base, uint64_t size)
{
	struct phys_range r;

	for_each_free_range(&r) if (base >> PAGE_SHIFT >= r.first_pfn &&
				    (base + size) >> PAGE_SHIFT <=
					    r.first_pfn + r.pages) return true;
	return false;
}

/* --- the options ---------------------------------------------------------------------------- */

/* "4K" and the like, of the @index-th size. */
static const char *size_text(unsigned index)
{
	static char text[4][24];
	char unit;
	uint64_t n = in_units(huge_size(index), &unit);

	snprintf(text[index], sizeof(text[0]), "%llu%c", (unsigned long long)n, unit);
	return text[index];
}

/* Whether @format, with the names of the smallest and the largest size in it, is an option. */
static bool given_sizes(const char *format)
{
	char line[128];

	snprintf(line, sizeof(line), format, size_text(0), size_text(NR_HUGE_SIZES - 1));
	return given(line);
}

static void test_hugepages_option(void)
{
	static const char *const malformed[] = {
		"hugepages",
		"hugepages=",
		"hugepages=%s",
		"hugepages=%s:",
		"hugepages=%s:0",
		"hugepages=%s:-1",
		"hugepages=%s:,1",
		"hugepages=%s:1,",
		"hugepages=%s:1,%s",
		"hugepages=%s:1,%s:2x",
		"hugepages=,%s:1",
		"hugepages=%s:1,%1$s:1",
		"hugepages=3M:1",
		"hugepages=1K:1",
		"hugepages=:1",
		"hugepages=%s:1;%s:1",
		"hugepages=%s:99999999999999999999",
		"hugepages=%s:4611686018427387904",
	};

	reset();
	ok(given_sizes("hugepages=%s:64,%s:2") && wanted[0] == 64 && wanted[NR_HUGE_SIZES - 1] == 2,
	   "two sizes");
	ok(given_sizes("hugepages=%2$s:3") && !wanted[0] && wanted[NR_HUGE_SIZES - 1] == 3,
	   "of two options the last is meant, as a whole");
	for (unsigned i = 0; i < ARRAY_SIZE(malformed); i++)
		ok(!given_sizes(malformed[i]) && !wanted[0] && wanted[NR_HUGE_SIZES - 1] == 3,
		   "refused, and nothing changed: %s", malformed[i]);
}

static void test_dax_option(void)
{
	char line[128];
	unsigned long long section = SECTION_SIZE;

	reset();
	snprintf(line, sizeof(line), "dax=%llu", 2 * section);
	ok(given(line) && asked.size == 2 * section && !asked.fixed &&
		   asked.order == PMD_SHIFT - PAGE_SHIFT,
	   "a size: PMD sized pages");
	snprintf(line, sizeof(line), "dax=%llu@0x%llx,align=%s", 32 * section, 128 * section,
		 size_text(NR_HUGE_SIZES - 1));
	ok(given(line) && asked.size == 32 * section && asked.fixed &&
		   asked.base == 128 * section && asked.order == huge_orders[NR_HUGE_SIZES - 1],
	   "and an address, and the largest pages");
	for (unsigned i = 0; i < 10; i++) {
		static const char *const malformed[] = {
			"dax",
			"dax=0",
			"dax=1M",
			"dax=%2$llu",
			"dax=%1$llu@",
			"dax=%1$llu@4K",
			"dax=%1$llu,align=",
			"dax=%1$llu,align=4K",
			"dax=%1$llux",
			"dax=%1$llu,",
		};

		snprintf(line, sizeof(line), malformed[i], section, section / 2);
		ok(!given(line) && asked.size == 32 * section, "refused: %s", line);
	}
}

/* --- machines by name ------------------------------------------------------------------------- */

static void test_sections_and_rest(void)
{
	unsigned index = 1; /* a PMD */
	uint64_t per_section = SECTION_SIZE / huge_size(index), want = 2 * per_section + 1;

	reset();
	boot_ram_add(GiB, 8 * GiB);
	wanted[index] = want;
	hugepages_reserve();
	ok(pages_of(index) == want && !*capture_text(), "all there are, and no word about it");
	ok(nr_huge_chunks == (per_section > 1 ? 2 : 1) && huge_chunks[0].whole && nr_added == 1 &&
		   added[0].order == huge_orders[index] && added[0].zone == ZONE_NORMAL &&
		   IS_ALIGNED(added[0].pfn, PAGES_PER_SECTION) &&
		   IS_ALIGNED(added[0].nr, PAGES_PER_SECTION),
	   "whole sections have the order, above the memory that all devices reach");
	reset();
	boot_ram_add(GiB, 8 * GiB);
	wanted[index] = want;
	add_error = -ENOMEM;
	hugepages_reserve();
	ok(pages_of(index) == want && !huge_chunks[0].whole,
	   "without an entry for its section a page is one of those to optimise later");
}

static void test_zone_border(void)
{
	unsigned last = NR_HUGE_SIZES - 1;
	uint64_t size = huge_size(last);

	reset();
	boot_ram_add(0, 3 * MAX(size, BORDER));
	boot_ram_add(100 * GiB, GiB / 2); /* what boot needs, too small for a page */
	wanted[last] = 3 * MAX(size, BORDER) / size;
	hugepages_reserve();
	for (unsigned i = 0; i < nr_huge_chunks; i++) {
		uint64_t start = huge_chunks[i].pfn << PAGE_SHIFT;
		uint64_t end = start + (huge_chunks[i].pages << PAGE_SHIFT);

		ok(end <= BORDER || start >= BORDER, "no chunk crosses from zone to zone");
	}
	if (size > BORDER)
		ok(pages_of(last) == 2, "a page that would is not taken: 2 of 3");
	else
		ok(pages_of(last) == wanted[last], "all, for none does");
}

static void test_terabyte(void)
{
	unsigned last = NR_HUGE_SIZES - 1;
	uint64_t want = 990 * GiB / huge_size(last);
	char line[64];

	reset();
	boot_ram_add(GiB, 1000 * GiB);
	boot_ram_reserve(GiB + 2 * MiB, 8 * MiB);
	wanted[last] = want;
	hugepages_reserve();
	ok(pages_of(last) == want && nr_huge_chunks <= 2 && reserved.count <= 4,
	   "%llu pages of %s in %u chunks", (unsigned long long)want, size_text(last),
	   nr_huge_chunks);
	reset();
	boot_ram_add(GiB, 1000 * GiB);
	wanted[last] = 2 * want;
	hugepages_reserve();
	snprintf(line, sizeof(line), "hugepages: %s: %llu of %llu, not enough memory\n",
		 size_text(last), (unsigned long long)pages_of(last),
		 (unsigned long long)(2 * want));
	same_text(capture_text(), line, "too many: one line says how many there are");
}

static void test_nothing_to_spare(void)
{
	reset();
	boot_ram_add(GiB, BOOT_NEEDS);
	for (unsigned i = 0; i < NR_HUGE_SIZES; i++)
		wanted[i] = 1;
	hugepages_reserve();
	ok(!nr_huge_chunks && reserved.count == 0 && strstr(capture_text(), ": 0 of 1, not enough"),
	   "a machine that needs all it has keeps it");
}

/* --- machines by chance ----------------------------------------------------------------------- */

static unsigned long long seed = 11;

static uint64_t below(uint64_t bound)
{
	return tap_random(&seed) % bound;
}

static void random_machine(void)
{
	reset();
	for (unsigned n = 1 + below(4); n; n--)
		boot_ram_add(below(2048) * 32 * MiB, (1 + below(512)) << (20 + below(10)));
	for (unsigned n = below(20); n; n--)
		boot_ram_reserve(below(64 * GiB), 1 + below(64 * MiB));
	for (unsigned i = 0; i < NR_HUGE_SIZES; i++)
		wanted[i] = below(3) ? 1 + below(1 + 8 * GiB / huge_size(i)) : 0;
}

/* A huge page of the size could still be had: aligned, free, in one zone, and there is room. */
static bool could_take(unsigned index, uint64_t room)
{
	uint64_t size = huge_size(index);
	struct phys_range r;

	if (room < size)
		return false;
	for_each_free_range(&r) for (uint64_t at = ALIGN_UP(r.first_pfn << PAGE_SHIFT, size);
				     at + size <= (r.first_pfn + r.pages) << PAGE_SHIFT;
				     at +=
				     size) if (at >= BORDER || at + size <= BORDER) return true;
	return false;
}

/* Each chunk was free, is taken now, aligned, in one zone. */
static bool chunks_are_right(const struct range_set *ram_before,
			     const struct range_set *taken_before)
{
	bool good = true;

	for (unsigned i = 0; i < nr_huge_chunks; i++) {
		const struct huge_chunk *c = &huge_chunks[i];
		uint64_t end = c->pfn + c->pages, size = 1UL << huge_orders[c->index];

		good &= c->pages && IS_ALIGNED(c->pfn | c->pages, size);
		good &= end <= ZONE_NORMAL_PFN || c->pfn >= ZONE_NORMAL_PFN;
		good &= !c->whole || IS_ALIGNED(c->pfn | c->pages, PAGES_PER_SECTION);
		for (unsigned k = 0; k < i; k++)
			good &= huge_chunks[k].pfn >= end ||
				huge_chunks[k].pfn + huge_chunks[k].pages <= c->pfn;
		for (unsigned k = 0; k < taken_before->count; k++)
			good &= taken_before->item[k].start >= end ||
				taken_before->item[k].end <= c->pfn;
		for (unsigned k = 0, inside = 0; k <= ram_before->count; k++) {
			if (k == ram_before->count)
				good &= inside;
			else
				inside |= ram_before->item[k].start <= c->pfn &&
					  ram_before->item[k].end >= end;
		}
		good &= !is_free(c->pfn << PAGE_SHIFT, PAGE_SIZE);
	}
	return good;
}

static void test_random_machines(void)
{
	unsigned wrong = 0, short_of = 0, missed = 0, sections = 0, greedy = 0;

	for (unsigned n = 0; n < 3000; n++) {
		struct range_set ram_before, taken_before;
		uint64_t room, least = 0;

		random_machine();
		ram_before = ram;
		taken_before = reserved;
		room = boot_room();
		hugepages_reserve();
		wrong += !chunks_are_right(&ram_before, &taken_before);
		for (unsigned i = 0; i < nr_huge_chunks; i++) {
			const struct huge_chunk *c = &huge_chunks[i];

			/* What boot_room() keeps for struct pages sections give back. */
			least += c->pages * (PAGE_SIZE - (c->whole ? STRUCT_PAGE_SIZE : 0));
			sections += c->whole;
		}
		greedy += least > room;
		for (unsigned i = 0; i < nr_huge_chunks; i++)
			room -= MIN(room, huge_chunks[i].pages << PAGE_SHIFT);
		for (unsigned i = 0; i < NR_HUGE_SIZES; i++) {
			wrong += pages_of(i) > wanted[i];
			short_of += pages_of(i) < wanted[i];
			missed += pages_of(i) < wanted[i] && could_take(i, room);
		}
	}
	ok(wrong == 0, "chunks are free RAM, aligned, apart, in one zone; never more than wanted");
	ok(short_of > 100 && missed == 0, "fewer than wanted only where there is no place or room");
	ok(greedy == 0, "and never more than boot can spare");
	ok(sections > 100, "and many of them were whole sections");
}

/* --- the device ------------------------------------------------------------------------------- */

/* @line on a machine of 4 GiB from 1 GiB on whose first MiBs are taken. */
static void carve(const char *line)
{
	reset();
	boot_ram_add(GiB, 4 * GiB);
	boot_ram_reserve(GiB, 8 * MiB);
	if (!given(line))
		printf("# %s is malformed\n", line);
	dax_reserve();
}

static void test_dax(void)
{
	char line[64];
	struct phys_range r;
	unsigned ranges = 0;

	carve("dax=1G");
	ok(dax_size == GiB && dax_base == 4 * GiB && dax_order == PMD_SHIFT - PAGE_SHIFT &&
		   !*capture_text(),
	   "the highest that is free");
	for_each_ram_range (&r)
		ranges += r.first_pfn + r.pages > dax_base >> PAGE_SHIFT;
	ok(!ranges && !is_free(dax_base, PAGE_SIZE) && reserved.count == 1,
	   "it has no struct pages, and is nobody else's");
	for_each_linear_range (&r)
		ranges += r.first_pfn + r.pages == 5 * GiB >> PAGE_SHIFT;
	ok(ranges == 1, "but a linear mapping");
	carve("dax=1G@2G");
	ok(dax_size == GiB && dax_base == 2 * GiB, "where it was asked for");
	carve("dax=512M@1G");
	ok(!dax_size && !dax_base && !for_devices.count, "not where RAM is taken");
	same_text(capture_text(), "dax: no 512 MiB of free RAM at 0x40000000\n", "in one line");
	carve("dax=1G@8G");
	ok(!dax_size && !for_devices.count && *capture_text(), "not where there is no RAM");
	carve("dax=4G");
	snprintf(line, sizeof(line), "dax: no 4096 MiB of free RAM, aligned to %#llx\n",
		 (unsigned long long)SECTION_SIZE);
	ok(!dax_size && !for_devices.count, "not more than is free");
	same_text(capture_text(), line, "in one line");
	reset();
	boot_ram_add(GiB, SECTION_SIZE + 8 * MiB);
	snprintf(line, sizeof(line), "dax=%llu", (unsigned long long)SECTION_SIZE);
	given(line);
	dax_reserve();
	ok(!dax_size && !for_devices.count && *capture_text(), "not what boot cannot do without");
}

int main(void)
{
	log_set_console(&capture_console);
	test_hugepages_option();
	test_dax_option();
	test_sections_and_rest();
	test_zone_border();
	test_terabyte();
	test_nothing_to_spare();
	test_random_machines();
	test_dax();
	return tap_done();
}
