// SPDX-License-Identifier: MIT
/*
 * `dax=SIZE[@ADDR][,align=SIZE]`: memory of a device, carved out of RAM.
 */
#include "mm/pages/users/dax.h"

#include <string.h>

#include "lib/cmdline/cmdline.h"
#include "lib/log.h"
#include "mm/pages/users/hugepages-internal.h"
#include "mm/pages/hvo.h"
#include "mm/pages/section.h"
#include "mm/phys/ranges.h"

uint64_t dax_base, dax_size;
unsigned dax_order;

/* What the option says. */
struct request {
	uint64_t size, base;
	unsigned order;
	bool fixed; /* at @base */
};

static struct request asked;

/* The order of a huge page of @size bytes whose tails can be shared, 0: there is none. */
static unsigned order_of_size(uint64_t size)
{
	for (unsigned i = 0; i < NR_HUGE_SIZES; i++)
		if (huge_size(i) == size && order_is_optimizable(huge_orders[i]))
			return huge_orders[i];
	return 0;
}

/* What follows SIZE. */
static bool read_rest(const char *text, struct request *r)
{
	static const char align[] = ",align=";
	uint64_t bytes;

	r->fixed = *text == '@';
	text += r->fixed;
	if (r->fixed && !option_next_size(&text, &r->base))
		return false;
	r->order = PMD_SHIFT - PAGE_SHIFT;
	if (!strncmp(text, align, strlen(align))) {
		text += strlen(align);
		r->order = option_next_size(&text, &bytes) ? order_of_size(bytes) : 0;
	}
	return r->order && !*text;
}

static bool read_dax(const struct option *option, const char *value, bool store)
{
	struct request r = { 0 };

	(void)option;
	if (!option_next_size(&value, &r.size) || !read_rest(value, &r) || !r.size ||
	    r.size > PHYS_END || r.base > PHYS_END ||
	    !IS_ALIGNED(r.size | r.base, MAX(SECTION_SIZE, PAGE_SIZE << r.order)))
		return false;
	if (store)
		asked = r;
	return true;
}

OPTION(dax, .name = "dax", .read = read_dax,
       .help = "=SIZE[@ADDR][,align=SIZE]  RAM that plays a device with struct pages");

/* Whether all of it is free RAM that boot can do without. */
static bool can_have(uint64_t base, uint64_t size)
{
	uint64_t first = base >> PAGE_SHIFT, end = (base + size) >> PAGE_SHIFT;
	struct phys_range r;

	for_each_free_range(&r) if (first >= r.first_pfn &&
				    end <= r.first_pfn + r.pages) return true;
	return false;
}

/* The highest address where @size bytes are free; 0: none. It is not taken yet. */
static uint64_t find_place(uint64_t size, uint64_t align)
{
	uint64_t best = 0;
	struct phys_range r;

	for_each_free_range(&r)
	{
		uint64_t end = (r.first_pfn + r.pages) << PAGE_SHIFT;
		uint64_t at = end < size ? 0 : ALIGN_DOWN(end - size, align);

		if (at >> PAGE_SHIFT >= r.first_pfn)
			best = MAX(best, at);
	}
	return best;
}

void dax_reserve(void)
{
	const struct request *w = &asked;
	uint64_t align = MAX(SECTION_SIZE, PAGE_SIZE << w->order), base = w->base;
	/* They need no struct pages at boot, which boot_room() has put aside. */
	uint64_t needs = w->size - (w->size >> PAGE_SHIFT) * STRUCT_PAGE_SIZE;

	if (!w->size)
		return;
	if (!w->fixed)
		base = find_place(w->size, align);
	if (needs > boot_room() || !base || !can_have(base, w->size) ||
	    boot_ram_reserve_device(base, w->size)) {
		log_printf(w->fixed ? "dax: no %lu MiB of free RAM at %#lx\n"
				    : "dax: no %lu MiB of free RAM, aligned to %#lx\n",
			   w->size >> 20, w->fixed ? base : align);
		return;
	}
	dax_base = base;
	dax_size = w->size;
	dax_order = w->order;
}
