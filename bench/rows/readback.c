// SPDX-License-Identifier: MIT
/*
 * Three opinions on a mapping, each page of it.
 */
#include <errno.h>

#include "bench/rows/readback.h"
#include "lib/arm64/probe.h"
#include "lib/log.h"
#include "mm/areas/lazy.h"
#include "mm/arm64/at.h"

static int wrong(struct pass *pass, uint64_t va, uint64_t found, uint64_t expected)
{
	log_printf("%s, %s: at %lx: found %lx, expected %lx\n", pass->bench->name,
		   pass->rung ? pass->rung->name : rung_names[RUNG_TLBED], va, found, expected);
	pass->why = "it maps a wrong page";
	return -EFAULT;
}

/* What AT reports of a leaf with that attribute. */
#define MAIR_BYTE(index) ((MAIR_EL1_VALUE >> (8 * (index))) & 0xff)

/* A fault reads as a value that is no tag. */
static uint64_t read_tag(uint64_t va)
{
	uint64_t value;

	return probe_read((void *)va, &value).class == FAULT_NONE ? value : UINT64_MAX;
}

int check_pages(struct pass *pass, struct page *const *pages)
{
	uint64_t va = (uint64_t)pass->va;

	for (uint64_t i = 0; i < pass->bytes >> PAGE_SHIFT; i++, va += PAGE_SIZE) {
		uint64_t tag = read_tag(va);

		if (tag != page_to_pfn(pages[i]))
			return wrong(pass, va, tag, page_to_pfn(pages[i]));
	}
	return 0;
}

int check_device(struct pass *pass)
{
	uint64_t start = (uint64_t)pass->va;

	for (uint64_t offset = 0; offset < pass->bytes; offset += PAGE_SIZE) {
		uint64_t va = start + offset, pa = pass->pa + offset;
		uint64_t par = at_s1e1r(va);
		struct leaf leaf = { 0 };

		if (walk_lookup(va, &leaf) || leaf.pa != pa || leaf.prot != PROT_DEVICE_nGnRE)
			return wrong(pass, va, leaf.pa, pa);
		if (par & PAR_F || PAR_ADDR(par) != pa ||
		    PAR_ATTR(par) != MAIR_BYTE(MAIR_DEVICE_nGnRE))
			return wrong(pass, va, par, pa);
	}
	return 0;
}

int check_writable(struct pass *pass)
{
	uint64_t start = (uint64_t)pass->va, pages = pass->bytes >> PAGE_SHIFT;
	struct leaf leaf = { 0 };

	for (uint64_t i = 0; i < pages; i++)
		if (probe_write((void *)(start + i * PAGE_SIZE), i).class != FAULT_NONE)
			return wrong(pass, start + i * PAGE_SIZE, UINT64_MAX, i);
	for (uint64_t i = 0; i < pages; i++) {
		uint64_t va = start + i * PAGE_SIZE, tag = read_tag(va);

		if (tag != i)
			return wrong(pass, va, tag, i);
		if (walk_lookup(va, &leaf) || *(uint64_t *)phys_to_virt(leaf.pa) != i)
			return wrong(pass, va, leaf.pa, i);
	}
	return 0;
}

int check_unmapped(struct pass *pass, uint64_t va)
{
	struct leaf leaf;

	vm_unmap_aliases(); /* with flush=lazy nothing is promised before */
	for (uint64_t end = va + pass->bytes; va < end; va += PAGE_SIZE)
		if (!walk_lookup(va, &leaf) || !(at_s1e1r(va) & PAR_F) ||
		    read_tag(va) != UINT64_MAX) {
			wrong(pass, va, at_s1e1r(va), PAR_F);
			pass->why = "a translation is left";
			return -EFAULT;
		}
	return 0;
}
