// SPDX-License-Identifier: MIT
/*
 * struct page: one per page frame, found by arithmetic (the vmemmap).
 *
 * 64 bytes, so that frame number and pointer differ by shifts. The buddy
 * allocator's links live here, so that free memory itself is never touched.
 */
#pragma once

#include <sys/queue.h>

#include "lib/compiler.h"
#include "mm/arm64/layout.h"
#include "mm/arm64/prims.h"

/* No flag at all: reserved (image, FDT, firmware, a hole) or inside a block, whose head knows. */
enum page_flags {
	PG_ALLOCATED = 1 << 0, /* first page of a block that somebody owns */
	PG_BLOCK = 1 << 1,     /* the same, or of one that waits on a per-CPU hot list */
	PG_BUDDY = 1 << 2,     /* first page of a free block in a zone's lists */
	PG_HEAD = 1 << 3,      /* head of a compound page (__GFP_COMP) */
	PG_TAIL = 1 << 4,      /* tail of a compound page */
	PG_SLAB = 1 << 5,      /* small objects live here */
	PG_LARGE = 1 << 6,     /* kmalloc() gave the whole block out */
	PG_TABLE = 1 << 7,     /* a translation table; table_live counts its descriptors */
	PG_HVO = 1 << 8,       /* head: struct pages of its tails are shared (mm/pages/hvo.h) */
	PG_HUGE = 1 << 9,      /* head: of the pool of huge pages (mm/pages/users/hugepages.h) */
};

/* Slots [first, end) of a table: the others are zero. */
struct table_extent {
	uint32_t first, end;
};

struct page {
	union {
		struct {
			uint16_t flags;
			uint8_t zone;	  /* enum zone_id; of a block's first page */
			uint8_t order;	  /* of the block that this page is the first of */
			int32_t refcount; /* 0 = free; a block counts on its first page */
		};
		uint64_t state; /* the four in one load, store or compare, see PAGE_STATE() */
	};
	union {
		uint32_t table_live; /* PG_TABLE: leaves in the table, valid or not */
		uint32_t slab_inuse; /* PG_SLAB: objects that are not on slab_free */
	};
	uint32_t slab_class; /* PG_SLAB: leading zeros of the size less one, see kmalloc.c */
	union {
		LIST_ENTRY(page) buddy_link; /* PG_BUDDY */
		LIST_ENTRY(page) slab_link;  /* PG_SLAB: with others that have free objects */
		SLIST_ENTRY(page) hot_link;  /* on a hot list, and whoever owns the page */
		/*
		 * Bit 0 set: a tail, and the word is the mask from its address to its head's.
		 * The links above are pointers, whose bit 0 is clear.
		 */
		uint64_t compound_info;
	};
	union {
		void *slab_free; /* PG_SLAB: first free object that belongs to no CPU */
		struct table_extent table_extent; /* of a page from table_page_alloc() */
		uint64_t private[4];
	};
};

/* What page->state reads when the fields have these values (little endian, as all of arm64 here).
 */
#define PAGE_STATE(flags_, zone_, order_, refcount_)                               \
	((uint64_t)(flags_) | (uint64_t)(zone_) << 16 | (uint64_t)(order_) << 24 | \
	 (uint64_t)(refcount_) << 32)
#define PAGE_STATE_ZONE	 (0xffUL << 16)
#define PAGE_STATE_ORDER (0xffUL << 24)
#define PAGE_STATE_REFS	 (~0UL << 32)

/* What an allocated block with one reference and a free one on a hot list differ by. */
#define PAGE_STATE_OWNED PAGE_STATE(PG_ALLOCATED, 0, 0, 1)

static_assert(sizeof(struct page) == STRUCT_PAGE_SIZE, "vmemmap arithmetic");

#define vmemmap ((struct page *)VMEMMAP_START)

/*
 * A tail's compound_info in a compound page of 2^@order. A mask, not a pointer, so that all tails
 * of one order are the same, bit by bit, and may share their memory; it needs struct pages that
 * are naturally aligned, which the vmemmap's place sees to (layout.h).
 */
static __always_inline uint64_t tail_info(unsigned order)
{
	return ~((STRUCT_PAGE_SIZE << order) - 1) | 1;
}

/* Pure arithmetic: says nothing about whether the frame is RAM (see pfn_valid()). */
static __always_inline struct page *pfn_to_page(uint64_t pfn)
{
	return vmemmap + pfn;
}

static __always_inline uint64_t page_to_pfn(const struct page *page)
{
	return page - vmemmap;
}

static __always_inline uint64_t page_to_phys(const struct page *page)
{
	return page_to_pfn(page) << PAGE_SHIFT;
}

static __always_inline struct page *phys_to_page(uint64_t pa)
{
	return pfn_to_page(pa >> PAGE_SHIFT);
}

/*
 * Makes @n struct pages tails of compound pages of 2^@order, all of them bit by bit the same;
 * any memory.
 */
static __always_inline void page_fill_tails(struct page *pages, unsigned long n, unsigned zone,
					    unsigned order)
{
	page_fill(pages, PAGE_STATE(PG_TAIL, zone, 0, 0), tail_info(order), n);
}

/* Linear-map address of the page. */
static __always_inline void *page_address(const struct page *page)
{
	return phys_to_virt(page_to_phys(page));
}

static __always_inline struct page *virt_to_page(const void *va)
{
	return phys_to_page(virt_to_phys(va));
}
