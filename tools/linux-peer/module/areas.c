// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioremap, vmalloc, their inverses, and the VA allocator alone. Linux puts the TLB flush of an
 * unmapping off; vm_unmap_aliases() right after it does it, as the row NAME+flush.
 */
#include <linux/io.h>

#include "peer.h"

/* The 32-bit PCIe window of QEMU's virt: no RAM, and never touched. */
#define MMIO 0x10000000UL

static void rows(const char *call, const char *undo)
{
	char flush[64];

	row(call, &calls);
	if (!undo)
		return;
	row(undo, &undos);
	snprintf(flush, sizeof(flush), "%s+flush", undo);
	row(flush, &flushes);
}

static void measure_ioremap(unsigned long size, const char *call, const char *undo)
{
	int i;

	for (i = 0; i < SAMPLES; i++) {
		void __iomem *p;

		SAMPLE(&calls, i, p = ioremap(MMIO, size));
		if (!p) {
			row_missing(call, "ioremap failed");
			return;
		}
		SAMPLE(&undos, i, iounmap(p));
		SAMPLE(&flushes, i, vm_unmap_aliases());
		settle();
	}
	rows(call, undo);
}

static void measure_vmalloc(unsigned long size, bool huge, const char *call, const char *undo)
{
	int i;

	for (i = 0; i < SAMPLES; i++) {
		void *p;

		if (huge)
			SAMPLE(&calls, i, p = vmalloc_huge(size, GFP_KERNEL));
		else
			SAMPLE(&calls, i, p = vmalloc(size));
		if (!p) {
			row_missing(call, "vmalloc failed");
			return;
		}
		SAMPLE(&undos, i, vfree(p));
		SAMPLE(&flushes, i, vm_unmap_aliases());
		settle();
	}
	rows(call, undo);
}

static void measure_get_vm_area(unsigned long size, const char *call)
{
	int i;

	if (!peer_get_vm_area) {
		row_missing(call, "this kernel has no get_vm_area()");
		return;
	}
	for (i = 0; i < SAMPLES; i++) {
		struct vm_struct *area;

		SAMPLE(&calls, i, area = peer_get_vm_area(size, VM_IOREMAP));
		if (!area) {
			row_missing(call, "get_vm_area failed");
			return;
		}
		free_vm_area(area);
		vm_unmap_aliases();
		settle();
	}
	rows(call, NULL);
}

/* The mapping half of ioremap, into a ready and aligned area. */
static void measure_ioremap_map(unsigned long size, const char *call, const char *undo)
{
	struct vm_struct *area = NULL;
	unsigned long va;
	int i, error = 0;

	if (peer_get_vm_area && peer_vmap_page_range && peer_vunmap_range_noflush)
		area = peer_get_vm_area(size, VM_IOREMAP);
	if (!area) {
		row_missing(call, "its functions are not to be found, or no area");
		return;
	}
	va = (unsigned long)area->addr;
	for (i = 0; i < SAMPLES && !error; i++) {
		SAMPLE(&calls, i,
		       error = peer_vmap_page_range(va, va + size, MMIO,
						    __pgprot(PROT_DEVICE_nGnRE)));
		SAMPLE(&undos, i, peer_vunmap_range_noflush(va, va + size));
		SAMPLE(&flushes, i, peer_vunmap_range(va, va + size));
		settle();
	}
	if (error)
		row_missing(call, "vmap_page_range failed");
	else
		rows(call, undo);
	free_vm_area(area);
	vm_unmap_aliases();
}

void measure_areas(void)
{
	measure_ioremap(PAGE_SIZE, "ioremap/4K", "iounmap/4K");
	measure_ioremap(64 << 10, "ioremap/64K", "iounmap/64K");
	measure_ioremap(MB, "ioremap/1M", "iounmap/1M");
	measure_ioremap_map(MB, "ioremap-map/1M", "ioremap-unmap/1M");
	measure_ioremap(2 * MB, "ioremap/2M", "iounmap/2M");
	measure_ioremap(16 * MB, "ioremap/16M", "iounmap/16M");
	measure_vmalloc(MB, true, "vmalloc_huge/1M", "vfree/1M/huge");
	measure_vmalloc(MB, false, "vmalloc/1M", "vfree/1M");
	measure_vmalloc(BIG, true, "vmalloc_huge/100M", "vfree/100M/huge");
	measure_vmalloc(BIG, false, "vmalloc/100M", "vfree/100M");
	measure_get_vm_area(MB, "get_vm_area/1M");
}
