// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmap and vunmap of page arrays, and the mapping half of a huge vmalloc.
 */
#include "peer.h"

static void rows(const char *label)
{
	char name[64];

	snprintf(name, sizeof(name), "vmap/%s", label);
	row(name, &calls);
	snprintf(name, sizeof(name), "vunmap/%s", label);
	row(name, &undos);
	snprintf(name, sizeof(name), "vunmap/%s+flush", label);
	row(name, &flushes);
}

static void missing(const char *label, const char *why)
{
	char name[64];

	snprintf(name, sizeof(name), "vmap/%s", label);
	row_missing(name, why);
}

static bool is_mapped(void *p, unsigned long n)
{
	return vmalloc_to_page(p) == pages[0] &&
	       vmalloc_to_page(p + (n - 1) * PAGE_SIZE) == pages[n - 1];
}

static void measure(unsigned long bytes, const char *label)
{
	unsigned long n = bytes >> PAGE_SHIFT;
	int i;

	for (i = 0; i < SAMPLES; i++) {
		void *p;

		SAMPLE(&calls, i, p = vmap(pages, n, VM_MAP, PAGE_KERNEL));
		if (!p || (!i && !is_mapped(p, n))) {
			missing(label, p ? "vmap mapped wrong pages" : "vmap failed");
			vunmap(p);
			return;
		}
		SAMPLE(&undos, i, vunmap(p));
		SAMPLE(&flushes, i, vm_unmap_aliases());
		settle();
	}
	rows(label);
}

/* Into a ready, aligned area; @shift as vmalloc_huge() would give it. */
static void measure_map(unsigned long size, unsigned int shift, const char *call, const char *undo)
{
	struct vm_struct *area = NULL;
	unsigned long va;
	int i, error = 0;

	if (peer_get_vm_area && peer_vmap_pages_range && peer_vunmap_range_noflush)
		area = peer_get_vm_area(size, VM_IOREMAP);
	if (!area) {
		row_missing(call, "its functions are not to be found, or no area");
		return;
	}
	va = (unsigned long)area->addr;
	for (i = 0; i < SAMPLES && !error; i++) {
		SAMPLE(&calls, i,
		       error = peer_vmap_pages_range(va, va + size, PAGE_KERNEL, pages, shift));
		SAMPLE(&undos, i, peer_vunmap_range_noflush(va, va + size));
		peer_vunmap_range(va, va + size);
		settle();
	}
	if (error) {
		row_missing(call, "vmap_pages_range failed");
	} else {
		row(call, &calls);
		row(undo, &undos);
	}
	free_vm_area(area);
	vm_unmap_aliases();
}

static void measure_apart(unsigned int order, const char *label)
{
	if (pages_take(BIG, order, true)) {
		missing(label, "no blocks of that order");
		return;
	}
	if (pages_put_apart() || pages_breaks() != (BIG_PAGES >> order) - 1)
		missing(label, "its blocks are not apart");
	else
		measure(BIG, label);
	pages_give();
}

static void measure_adjacent(unsigned int order, const char *label)
{
	if (pages_take_adjacent(BIG, order) || pages_breaks()) {
		missing(label, "no stretch of adjacent blocks");
		return;
	}
	measure(BIG, label);
	pages_give();
}

static void measure_single_pages(unsigned long bytes, const char *label)
{
	if (pages_take(bytes, 0, false)) {
		missing(label, "no pages");
		return;
	}
	pages_scatter();
	measure(bytes, label);
	pages_give();
}

static void measure_huge_map(void)
{
	if (pages_take(MB, 4, false)) {
		row_missing("vmalloc-map/1M", "no blocks of order 4");
		return;
	}
	measure_map(MB, PAGE_SHIFT + 4, "vmalloc-map/1M", "vmalloc-unmap/1M");
	pages_give();
}

void measure_vmap(void)
{
	measure_huge_map();
	measure_adjacent(8, "100M/order8-adjacent");
	measure_apart(8, "100M/order8-apart");
	measure_apart(9, "100M/order9-apart");
	measure_apart(4, "100M/order4-apart");
	measure_single_pages(BIG, "100M/order0-scattered");
	measure_single_pages(MB, "1M/order0");
	measure_single_pages(PAGE_SIZE, "4K");
}
