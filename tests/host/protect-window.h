// SPDX-License-Identifier: MIT
/*
 * A window of virtual pages whose permissions change: one physical range, a byte a page that
 * says what it must be, and the looks at all of it.
 */
#pragma once

#include "mm/map/protect.h"
#include "tests/host/arena.h"
#include "tests/host/hold.h"

/* A 1G block (or what the granule has) with groups of blocks on both sides. */
#define WINDOW	     (VMALLOC_START + 4 * MAX(PUD_SIZE * HAVE_PUD_BLOCK, CONT_PMD_SIZE))
#define WINDOW_SIZE  (MAX(PUD_SIZE * HAVE_PUD_BLOCK, CONT_PMD_SIZE) + 2 * CONT_PMD_SIZE)
#define WINDOW_START (WINDOW - CONT_PMD_SIZE)
#define WINDOW_END   (WINDOW_START + WINDOW_SIZE)
#define WINDOW_PAGES (WINDOW_SIZE >> PAGE_SHIFT)

enum { IS_RO = 1, IS_NX = 2, IS_INVALID = 4, IS_MAPPED = 8 };

extern uint8_t state[WINDOW_PAGES];
extern unsigned mistakes;

__attribute__((format(printf, 1, 2))) void mistake(const char *fmt, ...);

/* RAM, the allocator, the model's ears. Once. */
void window_init(void);

/* Maps [va, end) as @prot, to frames in phase @pa with WINDOW_START. */
void window_map(uint64_t va, uint64_t end, uint64_t pa, pgprot_t prot, unsigned max_shift);
void window_unmap(uint64_t va, uint64_t end);

/* Which call runs: what may happen while other CPUs are not held depends on it. */
enum call { CALL_OTHER, CALL_PERMISSIONS, CALL_SIZES };
extern enum call window_call;

/* The calls, and what must hold after them. @error: that they must return. */
void window_protect(uint64_t va, uint64_t end, desc_t set, desc_t clear, int error);
void window_split(uint64_t va, int error);
void window_merge(uint64_t va, uint64_t end, int error);

/* log2 of the leaf or group at @va, valid or not; 0: nothing is there. */
unsigned window_leaf(uint64_t va);

/* Each leaf in [va, end) is the largest of its run of equal pages. @cut: a run ends there too. */
void window_check_largest(uint64_t va, uint64_t end, uint64_t cut);

/* Allocations from now on that succeed before all others fail; -1: none fails. */
extern long alloc_fail_in;
