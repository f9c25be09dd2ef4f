// SPDX-License-Identifier: MIT
/*
 * The VA allocator of the vmalloc region: who owns which addresses.
 *
 * The region's first page is never given out, and an unmapped guard page follows each
 * area, so that a pointer that runs off either end of an area faults.
 */
#pragma once

/* Debian 13's picolibc warns that the header may go one day. */
#ifndef __PERMIT_DEPRECATED_SYS_TREE_H
#define __PERMIT_DEPRECATED_SYS_TREE_H
#endif
#include <sys/tree.h>

#include "mm/arm64/layout.h"
#include "mm/arm64/pgtable.h"

/* Linux's values, so that dumps read the same. */
enum vm_flags {
	VM_IOREMAP = 0x1,	 /* ioremap() and its kin */
	VM_ALLOC = 0x2,		 /* vmalloc(): the pages are the area's own */
	VM_MAP = 0x4,		 /* vmap(): the pages are the caller's */
	VM_UNINITIALIZED = 0x20, /* being set up or taken down; no query finds it */
	VM_NO_GUARD = 0x40,	 /* no guard page above */
	VM_FLUSH_RESET_PERMS = 0x100,
	VM_MAP_PUT_PAGES = 0x200, /* vfree() frees a vmap()'s pages and its array too */
	VM_ALLOW_HUGE_VMAP = 0x400,
	VM_SPARSE = 0x1000, /* pages come and go by vm_area_map_pages() and its inverse */
	/* Not Linux's; the first two are flags of another structure there. */
	VM_MAP_RAM = 0x10000,	  /* vm_map_ram(): hidden for good, but for vread() */
	VM_MAP_BLOCK = 0x20000,	  /* the same, shared by small mappings */
	VM_SPLIT_PAGES = 0x40000, /* pages[] has one pointer a page, whatever page_order says */
	/* Ours: unmapped, its translations not flushed (lazy.h); given to free_vm_area() too. */
	VM_LAZY = 0x40000000,
	VM_LAZY_FREE = 0x20000000,
};

/* ioremap() aligns areas to their size, up to here: no leaf is larger. */
#define IOREMAP_MAX_SHIFT (HAVE_PUD_BLOCK ? PUD_SHIFT : CONT_PMD_SHIFT)

struct vm_struct {
	RB_ENTRY(vm_struct) node;
	uint64_t gap;	    /* free bytes between the area below and this one */
	uint64_t gap_bound; /* no gap in the subtree is larger; may be stale, then it is larger */
	void *addr;
	uint64_t size;	     /* bytes, guard page included */
	uint32_t flags;	     /* enum vm_flags */
	uint16_t page_order; /* pages[] names blocks of 1 << page_order pages */
	/* For the census (area_limits()), in the bytes that page_order leaves of its word. */
	uint8_t max_shift;   /* of the mapping call; 0: what such areas have (vmallocinfo.h) */
	uint8_t fell_from;   /* log2 of the leaf that was wanted first; 0: it was not given up */
	struct page **pages; /* VM_ALLOC, VM_MAP_PUT_PAGES: what vfree() gives back */
	/*
	 * So many pages from the start on are mapped, and the next is not; of VM_ALLOC, however
	 * many a block has. 0: mapped by hand (range.h), there may be holes.
	 */
	uint64_t nr_pages;
	union {
		uint64_t phys_addr;	     /* VM_IOREMAP: of the first page */
		uint64_t requested_size;     /* VM_ALLOC: bytes that the caller asked for */
		struct vm_struct *next_lazy; /* VM_LAZY: on the list of these */
	};
};

static_assert(sizeof(struct vm_struct) <= 128, "bookkeeping of an area");

/* Bytes that may be mapped. */
static __always_inline uint64_t get_vm_area_size(const struct vm_struct *area)
{
	return area->flags & VM_NO_GUARD ? area->size : area->size - PAGE_SIZE;
}

/*
 * A search is O(log areas) whatever the gaps are like: after so many that are large enough and
 * misaligned it is content with less than the lowest fit. Linux passes over all gaps that might
 * be misaligned from the first on.
 */
#define AREA_MISFITS 16

/*
 * Reserves the lowest free [addr, addr + @size + guard) with addr a multiple of @align,
 * inside [@lo, @hi) and the region. @size: bytes, rounded up to pages. @align: a power
 * of two, at least a page is used. Nothing gets mapped.
 * NULL: no such gap, no memory, or a bad argument. Any CPU, any context but an
 * allocator's own. O(log areas), amortized: after AREA_MISFITS gaps that are large enough
 * and misaligned it takes the lowest that would do wherever it began, or the end of the region;
 * only what then finds nothing looks at every gap.
 */
struct vm_struct *__get_vm_area(uint64_t size, uint64_t align, uint64_t lo, uint64_t hi,
				uint32_t flags);

/* The same anywhere in the region. */
struct vm_struct *get_vm_area_aligned(uint64_t size, uint64_t align, uint32_t flags);

/* What get_vm_area() aligns a VM_IOREMAP area of @size bytes to. */
static __always_inline uint64_t ioremap_align(uint64_t size)
{
	unsigned shift = size > PAGE_SIZE ? ilog2(size - 1) + 1 : PAGE_SHIFT;

	return 1UL << MIN(shift, IOREMAP_MAX_SHIFT);
}

/* The same. VM_IOREMAP aligns to the size, as Linux does; others to a page. */
static __always_inline struct vm_struct *get_vm_area(uint64_t size, uint32_t flags)
{
	uint64_t align = flags & VM_IOREMAP ? ioremap_align(size) : PAGE_SIZE;

	return get_vm_area_aligned(size, align, flags);
}

/* The area that holds @addr (guard page included, as in Linux), NULL if none. Any CPU. */
struct vm_struct *find_vm_area(const void *addr);

/*
 * Unmaps what is mapped in the area that starts at @addr and takes it off the books; the
 * caller frees it with kfree(), and what was mapped if it is the caller's. NULL: there is none.
 */
struct vm_struct *remove_vm_area(const void *addr);

/*
 * The same for an area that the caller has at hand, and frees it: at once, or at the next purge
 * when it was unmapped lazily. NULL is a no-op. An area with VM_UNINITIALIZED is taken to be
 * empty: whoever sets it up or takes it down has seen to it. No lock held.
 */
void free_vm_area(struct vm_struct *area);

/*
 * Makes @area, which the caller has claimed, @bytes long (a multiple of the page size, guard
 * page not included), where it is. False: what lies behind it is taken. Shrinking works.
 */
bool resize_vm_area(struct vm_struct *area, uint64_t bytes);

/* Last step of every mapping call: what __get_vm_area() got with VM_UNINITIALIZED can be found. */
static __always_inline void publish_vm_area(struct vm_struct *area)
{
	/* Release: who sees the flag gone sees the fields that were set before. */
	__atomic_store_n(&area->flags, area->flags & ~(uint32_t)VM_UNINITIALIZED, __ATOMIC_RELEASE);
}

/*
 * First step of every unmapping call: the area that starts at @addr, if it has one of
 * the flags @any and none of @none, hidden from everyone else until free_vm_area().
 * NULL after one line "<caller>: bad address ...".
 */
struct vm_struct *claim_vm_area(const void *addr, uint32_t any, uint32_t none, const char *caller);

/*
 * The same for a VM_MAP_RAM area of its own, @bytes long without its guard page; it stays
 * hidden. NULL, and no line: there is none.
 */
struct vm_struct *claim_ram_area(const void *addr, uint64_t bytes);

/*
 * @prot may be mapped on a caller's word: attribute bits only, AF set, and nobody may
 * execute (W^X: RAM has a writable alias, and a device is no code). What becomes executable
 * goes through set_memory_x(), which says what of W^X is left then.
 */
static __always_inline bool vm_prot_valid(pgprot_t prot)
{
	const pgprot_t must = DESC_AF | DESC_PXN | DESC_UXN;

	return (prot & (must | ~DESC_PROT_MASK)) == must;
}

/*
 * Copies the lowest area that ends above @va, one being set up or taken down included
 * (VM_UNINITIALIZED), to *@copy. False: there is none. Any CPU. What the copy names may be
 * gone when it is looked at.
 */
bool next_vm_area(uint64_t va, struct vm_struct *copy);

/* Areas now in the tree. For audits. */
uint64_t nr_vm_areas(void);

/* Pages of all VM_ALLOC areas, counted as it is asked: O(areas). */
uint64_t vmalloc_nr_pages(void);
