// SPDX-License-Identifier: MIT
/*
 * Suite negative, what the kernel maps as it runs: the guards of each kind of area, each
 * permission by each size of leaf, devices that are no code, and use after unmapping.
 */
#include "lib/arm64/probe.h"
#include "lib/platform.h"
#include "lib/sections.h"
#include "mm/areas/area.h"
#include "mm/areas/ioremap.h"
#include "mm/areas/lazy.h"
#include "mm/areas/vmalloc.h"
#include "mm/check/live.h"
#include "mm/map/map.h"
#include "mm/phys/buddy.h"
#include "mm/phys/devmem.h"
#include "tests/negative.h"
#include "tests/support.h"

/* --- each kind of area ------------------------------------------------------------------ */

#define FRAMES (3 * CONT_PTES + 2)

static struct page **frames;

static void *get_vmalloc(uint64_t bytes)
{
	return vmalloc(bytes);
}

static void *get_vzalloc(uint64_t bytes)
{
	return vzalloc(bytes);
}

static void *get_huge(uint64_t bytes)
{
	return vmalloc_huge(bytes, GFP_KERNEL);
}

static void *get_vmap(uint64_t bytes)
{
	return vmap(frames, bytes >> PAGE_SHIFT, VM_MAP, PAGE_KERNEL);
}

static void *get_vmap_ro(uint64_t bytes)
{
	return vmap(frames, bytes >> PAGE_SHIFT, VM_MAP, PAGE_KERNEL_RO);
}

static void *get_device(uint64_t bytes)
{
	return ioremap(EMPTY_PA, bytes);
}

static void *get_device_np(uint64_t bytes)
{
	return ioremap_np(EMPTY_PA + 1 * MiB, bytes);
}

static void *get_wc(uint64_t bytes)
{
	return ioremap_wc(EMPTY_PA + 2 * MiB, bytes);
}

static void *get_read_only(uint64_t bytes)
{
	return ioremap_prot(EMPTY_PA, bytes, PROT_DEVICE_nGnRE | DESC_RO);
}

static void *get_devmem(uint64_t bytes)
{
	return ioremap_cache(devmem_base, bytes);
}

static void put_io(const void *addr)
{
	iounmap(addr);
}

static const struct kind {
	const char *name;
	void *(*get)(uint64_t bytes);
	void (*put)(const void *addr);
	const struct rights *rights;
	unsigned make; /* what is let through and harmless */
} kinds[] = {
	{ "vmalloc", get_vmalloc, vfree, &data, MAKE_ALL },
	{ "vzalloc", get_vzalloc, vfree, &data, MAKE_ALL },
	{ "vmalloc_huge", get_huge, vfree, &data, MAKE_ALL },
	{ "vmap", get_vmap, vunmap, &data, MAKE_ALL },
	{ "vmap, read-only", get_vmap_ro, vunmap, &read_only, MAKE_ALL },
	{ "ioremap", get_device, put_io, &data, 0 },
	{ "ioremap_np", get_device_np, put_io, &data, 0 },
	{ "ioremap_wc", get_wc, put_io, &data, 0 },
	{ "ioremap_prot, read-only", get_read_only, put_io, &read_only, 0 },
	{ "ioremap_cache", get_devmem, put_io, &data, MAKE_ALL },
};

/* An area that is there, or was. */
struct area {
	const struct kind *kind;
	uint64_t va, bytes;
};

static void probe_area(void *arg)
{
	const struct area *a = arg;
	uint64_t end = a->va + a->bytes;
	const uint64_t inside[] = { a->va, a->va + PAGE_SIZE - 8,
				    a->va + ALIGN_DOWN(a->bytes / 2, 8), end - 8 };
	const uint64_t outside[] = { a->va - PAGE_SIZE, a->va - 8, end, end + PAGE_SIZE - 8 };

	for (unsigned i = 0; i < ARRAY_SIZE(inside); i++)
		probe_rights(a->kind->name, inside[i], a->kind->rights, a->kind->make);
	for (unsigned i = 0; i < ARRAY_SIZE(outside); i++)
		probe_hole(a->kind->name, outside[i]);
}

static void probe_former_area(void *arg)
{
	const struct area *a = arg;
	uint64_t step = MAX(a->bytes / 16, PAGE_SIZE);

	for (uint64_t at = 0; at < a->bytes; at += ALIGN_DOWN(step, PAGE_SIZE)) {
		probe_hole(a->kind->name, a->va + at);
		probe_hole(a->kind->name, a->va + at + PAGE_SIZE - 8);
	}
	probe_hole(a->kind->name, a->va + a->bytes - 8);
}

/* What follows @a as close as it can be: without a guard its page would be read in its place. */
static struct vm_struct *map_follower(const struct area *a)
{
	uint64_t lo = a->va + a->bytes, va;
	struct vm_struct *area = __get_vm_area(PAGE_SIZE, PAGE_SIZE, lo, ~0UL, VM_MAP);

	if (!CHECK(area))
		return NULL;
	va = (uint64_t)area->addr;
	CHECK_EQ(va, lo + PAGE_SIZE);
	if (CHECK_EQ(map_range(va, va + PAGE_SIZE, EMPTY_PA, PROT_DEVICE_nGnRE, PAGE_SHIFT), 0))
		return area;
	free_vm_area(area);
	return NULL;
}

static void unmap_follower(struct vm_struct *area)
{
	uint64_t va;

	if (!area)
		return;
	va = (uint64_t)area->addr;
	unmap_range(va, va + PAGE_SIZE);
	free_vm_area(area);
}

/* Both for each kind and some sizes: while it is there, and when it is not any more. */
static void each_area(void (*body)(void *), bool former)
{
	static const uint64_t sizes[] = { PAGE_SIZE, 3 * PAGE_SIZE, CONT_PTE_SIZE,
					  FRAMES * PAGE_SIZE };
	struct area a;

	for (a.kind = kinds; a.kind < kinds + ARRAY_SIZE(kinds); a.kind++) {
		for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
			struct vm_struct *follower;
			void *addr;

			a.bytes = sizes[i];
			if (a.kind->get == get_devmem && a.bytes > devmem_size)
				continue;
			/* Whole blocks, or the guard is not where the size says. */
			if (a.kind->get == get_huge && a.bytes > CONT_PTE_SIZE)
				a.bytes = 3 * CONT_PTE_SIZE;
			addr = a.kind->get(a.bytes);
			if (!CHECK(addr))
				continue;
			a.va = (uint64_t)addr;
			if (former) {
				work_on_each_cpu(probe_area, &a); /* every TLB has it */
				a.kind->put(addr);
				vm_unmap_aliases();
			}
			follower = former ? NULL : map_follower(&a);
			work_on_each_cpu(body, &a);
			unmap_follower(follower);
			if (!former)
				a.kind->put(addr);
			vm_unmap_aliases(); /* the next one lies here again */
		}
	}
}

static void each_area_now(void *unused)
{
	(void)unused;
	each_area(probe_area, false);
}

static void each_area_gone(void *unused)
{
	(void)unused;
	each_area(probe_former_area, true);
}

static void with_frames(void (*body)(void *))
{
	frames = take_pages(FRAMES, CONT_PTES_SHIFT);
	if (frames)
		negative_from_here(body, NULL);
	drop_pages(frames, FRAMES);
}

TEST(negative_areas, "negative/guards-of-each-kind-of-area")
{
	with_frames(each_area_now);
}

TEST(negative_gone, "negative/use-after-unmapping")
{
	with_frames(each_area_gone);
}

static void probe_empty_area(void *arg)
{
	const struct vm_struct *area = arg;

	for (uint64_t at = 0; at < area->size; at += PAGE_SIZE)
		probe_hole("get_vm_area", (uint64_t)area->addr + at);
}

TEST(negative_empty, "negative/an-area-with-nothing-in-it")
{
	struct vm_struct *area = get_vm_area(5 * PAGE_SIZE, VM_MAP);

	if (CHECK(area))
		negative_on_each_cpu(probe_empty_area, area);
	free_vm_area(area);
}

/* --- each permission ---------------------------------------------------------------------- */

static void just_return(void)
{
}

#define ALL_OF(class)               \
	{                           \
		class, class, class \
	}

static const struct permission {
	const char *name;
	pgprot_t prot;
	struct rights rights;
} permissions[] = {
	{ "read and write", PAGE_KERNEL, { FAULT_NONE, FAULT_NONE, FAULT_PERMISSION } },
	{ "read", PAGE_KERNEL_RO, { FAULT_NONE, FAULT_PERMISSION, FAULT_PERMISSION } },
	/* Writable is not executable, whatever the descriptor says: SCTLR.WXN. */
	{ "all", PAGE_KERNEL & ~DESC_PXN, { FAULT_NONE, FAULT_NONE, FAULT_PERMISSION } },
	{ "no access flag", PAGE_KERNEL & ~DESC_AF, ALL_OF(FAULT_ACCESS_FLAG) },
	{ "no access flag, read", PAGE_KERNEL_RO & ~DESC_AF, ALL_OF(FAULT_ACCESS_FLAG) },
	{ "no access flag, code", PAGE_KERNEL_ROX & ~DESC_AF, ALL_OF(FAULT_ACCESS_FLAG) },
	{ "nGnRE", PROT_DEVICE_nGnRE, { FAULT_NONE, FAULT_NONE, FAULT_PERMISSION } },
	{ "nGnRnE", PROT_DEVICE_nGnRnE, { FAULT_NONE, FAULT_NONE, FAULT_PERMISSION } },
	{ "nGnRE, read",
	  PROT_DEVICE_nGnRE | DESC_RO,
	  { FAULT_NONE, FAULT_PERMISSION, FAULT_PERMISSION } },
	{ "non-cacheable", PROT_NORMAL_NC, { FAULT_NONE, FAULT_NONE, FAULT_PERMISSION } },
};

struct mapped {
	const struct permission *p;
	uint64_t va, bytes;
	unsigned make;
};

static void probe_mapped(void *arg)
{
	const struct mapped *m = arg;

	probe_rights(m->p->name, m->va, &m->p->rights, m->make);
	probe_rights(m->p->name, m->va + m->bytes - 8, &m->p->rights, m->make);
	probe_hole(m->p->name, m->va - 8);
	probe_hole(m->p->name, m->va + m->bytes);
}

/* One leaf or group of 1 << @shift bytes on @pa, probed by all CPUs. */
static void try_permission(const struct permission *p, uint64_t pa, unsigned shift, unsigned make)
{
	struct mapped m = { .p = p, .bytes = 1UL << shift, .make = make };
	struct vm_struct *area = __get_vm_area(m.bytes, m.bytes, 0, ~0UL, VM_MAP);

	if (!CHECK(area))
		return;
	m.va = (uint64_t)area->addr;
	if (CHECK_EQ(map_range(m.va, m.va + m.bytes, pa, p->prot, MAP_SHIFT_ANY), 0)) {
		CHECK_EQ(leaf_shift(m.va), shift);
		work_on_each_cpu(probe_mapped, &m);
		unmap_range(m.va, m.va + m.bytes);
	}
	free_vm_area(area);
}

static void each_permission(void *arg)
{
	static const unsigned shifts[] = { CONT_PTE_SHIFT, PMD_SHIFT, CONT_PMD_SHIFT,
					   HAVE_PUD_BLOCK ? PUD_SHIFT : PAGE_SHIFT };
	struct page *page = arg;

	for (unsigned i = 0; i < ARRAY_SIZE(permissions); i++) {
		const struct permission *p = &permissions[i];
		bool is_ram = (p->prot & DESC_ATTR(7)) == DESC_ATTR(MAIR_NORMAL);

		/* RAM has one type; what is none is not accessed where that would be let through.
		 */
		if (is_ram)
			try_permission(p, page_to_phys(page), PAGE_SHIFT, MAKE_ALL);
		for (unsigned s = 0; s < ARRAY_SIZE(shifts); s++)
			try_permission(p, EMPTY_PA, shifts[s], 0);
	}
}

TEST(negative_permissions, "negative/each-permission-by-each-leaf")
{
	struct page *page = alloc_pages(__GFP_ZERO, 0);

	live_check_allow(1U << RULE_ATTRIBUTES); /* some have no access flag */
	if (CHECK(page))
		negative_from_here(each_permission, page);
	live_check_allow(0);
	__free_pages(page, 0);
}

/* An alias of text that may be executed, and nothing else that may not be done to text. */
static void probe_code(void *arg)
{
	static const struct permission code = { "code",
						PAGE_KERNEL_ROX,
						{ FAULT_NONE, FAULT_PERMISSION, FAULT_NONE } };
	uint64_t pa = platform.image_pa + ((char *)just_return - _text);
	struct vm_struct *area = arg;
	uint64_t va = (uint64_t)area->addr;

	if (!CHECK_EQ(
		    map_range(va, va + PAGE_SIZE, ALIGN_DOWN(pa, PAGE_SIZE), code.prot, PAGE_SHIFT),
		    0))
		return;
	/* ALIGN_DOWN: AT and loads want 8 bytes; code is called where it is. */
	probe_rights(code.name, va + ALIGN_DOWN(pa % PAGE_SIZE, 8), &code.rights, MAKE_READ);
	CHECK_EQ(probe_exec((void *)(va + pa % PAGE_SIZE)).class, FAULT_NONE);
	unmap_range(va, va + PAGE_SIZE);
	probe_hole(code.name, va);
	probe_hole(code.name, va + PAGE_SIZE - 8);
	/* QEMU 7.2 may go on with translated code that it has run at this address before. */
	if (!is_emulated())
		probe_hole(code.name, va + pa % PAGE_SIZE);
}

TEST(negative_code, "negative/code-is-not-written")
{
	struct vm_struct *area = get_vm_area(PAGE_SIZE, VM_MAP);

	if (CHECK(area))
		negative_from_here(probe_code, area);
	free_vm_area(area);
}
