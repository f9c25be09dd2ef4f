// SPDX-License-Identifier: MIT
/*
 * The host's RAM (see arena.h).
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "mm/phys/ranges.h"
#include "tests/host/arena.h"

static void must(bool good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(99);
}

static void reserve_window(uint64_t start, uint64_t size)
{
	void *got = mmap((void *)start, size, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	must(got == (void *)start, "arena: mmap");
}

static void open_window(void *start, uint64_t size)
{
	must(mprotect(start, size, PROT_READ | PROT_WRITE) == 0, "arena: mprotect");
}

void arena_map(uint64_t start, uint64_t size)
{
	static bool reserved;
	uint64_t first = ALIGN_DOWN(start, ARENA_BLOCK);
	uint64_t end = ALIGN_UP(start + size, ARENA_BLOCK);

	if (!reserved) {
		reserve_window(PAGE_OFFSET, ARENA_END);
		reserve_window(VMEMMAP_START, (ARENA_END >> PAGE_SHIFT) * STRUCT_PAGE_SIZE);
		reserved = true;
	}
	must(start + size <= ARENA_END, "arena: beyond ARENA_END");
	open_window(phys_to_virt(start), size);
	open_window(phys_to_page(first), ((end - first) >> PAGE_SHIFT) * STRUCT_PAGE_SIZE);
}

void arena_add_ram(uint64_t start, uint64_t size)
{
	arena_map(start, size);
	must(boot_ram_add(start, size) == 0, "arena: boot_ram_add");
}
