// SPDX-License-Identifier: MIT
/*
 * Simulated RAM: memory at PAGE_OFFSET, struct pages at VMEMMAP_START, both in
 * the middle of the host's address space. What is neither RAM nor the struct page of RAM
 * is mapped without access, so that a stray access ends the test.
 */
#pragma once

#include "mm/phys/buddy.h"

/* All simulated RAM lies below this physical address. */
#define ARENA_END (16 * GiB)

/*
 * Before the first arena_map(): RAM is memory of one file, at the offset that is its physical
 * address, which is returned, to be mapped once more (live-vmemmap.h). Struct pages do not
 * appear then: it is for the tables to say where they are.
 */
int arena_share(void);

/* Bytes of the largest block of the buddy allocator: what test layouts are built of. */
#define ARENA_BLOCK (PAGE_SIZE << MAX_ORDER)

/*
 * RAM at [@start, @start + @size), page aligned: memory and zeroed struct pages appear,
 * the latter for the range rounded outward to ARENA_BLOCK. Tells ranges.h nothing.
 */
void arena_map(uint64_t start, uint64_t size);

/* arena_map() and boot_ram_add(); boot_ram_reserve() and buddy_init() are the test's. */
void arena_add_ram(uint64_t start, uint64_t size);
