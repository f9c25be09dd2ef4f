// SPDX-License-Identifier: MIT
/*
 * The mapping engine's judge: a window of virtual pages, a plain array that says what each
 * must map to and by which leaf, and the audits that follow each call. What is wrong is
 * counted and printed by mistake().
 *
 * Programs link with -Wl,--wrap=alloc_pages: allocations fail on demand and come filled
 * with rubbish.
 */
#pragma once

#include "mm/map/map.h"
#include "tests/host/arena.h"

/* Half of it on each side of a boundary between tables of all levels but the root's. */
#define WINDOW_PAGES  (1UL << 20)
#define WINDOW_MIDDLE (VMALLOC_START + MAX(512 * GiB, PUD_SIZE))
#define WINDOW_START  (WINDOW_MIDDLE - WINDOW_PAGES / 2 * PAGE_SIZE)

/* RAM that arrays name and nobody touches: it has struct pages by address alone. */
#define FRAMES_START (128 * GiB)
#define FRAMES_PAGES (WINDOW_PAGES / 2 * 3)
#define FRAMES_END   (FRAMES_START + FRAMES_PAGES * PAGE_SIZE)
/* A second range, with a hole (no-map) of one page in it. */
#define OTHER_START (FRAMES_END + 4 * GiB)
#define OTHER_PAGES (4 * MAX_ORDER_PAGES)
#define OTHER_HOLE  (OTHER_START + (MAX_ORDER_PAGES + 1) * PAGE_SIZE)

enum request_kind { BY_RANGE, BY_PAGES, BY_BLOCKS };

/* One call of map_range(), map_pages() or map_blocks(). */
struct request {
	enum request_kind kind;
	uint64_t first, n;   /* pages of the window */
	uint64_t pa;	     /* BY_RANGE */
	struct page **pages; /* BY_PAGES: n of them; BY_BLOCKS: first pages */
	unsigned order;	     /* BY_BLOCKS */
	pgprot_t prot;
	unsigned max_shift;
};

/* What a page of the window maps to. */
struct expected {
	uint64_t pa;
	uint32_t call; /* which map call it is from */
	uint8_t shift; /* log2 of its leaf or group, 0: unmapped */
	uint8_t prot;  /* index in protections[] */
};

extern struct expected *expected;
extern const pgprot_t protections[5];

extern unsigned mistakes;
__attribute__((format(printf, 1, 2))) void mistake(const char *fmt, ...);

/* RAM, the allocator, the window; counting on. Once. */
void oracle_init(void);

static __always_inline uint64_t window_va(uint64_t page)
{
	return WINDOW_START + (page << PAGE_SHIFT);
}

/* The engine's call as it is. */
int request_call(const struct request *r);

/* The call, which must succeed, and everything that has to hold afterwards. */
void oracle_map(const struct request *r);

/* Unmaps pages [@first, @first + @n), all of them mapped by whole leaves. */
void oracle_unmap(uint64_t first, uint64_t n);

/* The call must fail with @error and change nothing at all. */
void oracle_refuse(const struct request *r, int error);

/* The call with the first, the second, ... allocation failing, until it succeeds. */
void oracle_starve(const struct request *r);

/* Each page of [@first, @first + @n) against the array. */
void oracle_compare(uint64_t first, uint64_t n);

/* All of the window, which with the model's sum of mapped bytes is all that there is. */
void oracle_audit(void);

/* Allocations from now on that succeed before one fails, and all after it; -1: none fails. */
extern long alloc_fail_in;
extern unsigned alloc_failures;

/* What another CPU does meanwhile: called once, after so many allocations from now on. */
extern void (*alloc_event)(void);
extern unsigned alloc_event_in;
