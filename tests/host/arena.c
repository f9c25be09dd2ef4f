// SPDX-License-Identifier: MIT
/*
 * The host's RAM (see arena.h).
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mm/phys/ranges.h"
#include "tests/host/arena.h"

static int file = -1; /* of arena_share() */

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

/* RAM costs nothing before it is written to. */
static void open_ram(uint64_t start, uint64_t size)
{
	void *at = phys_to_virt(start), *got;

	if (file < 0) {
		open_window(at, size);
		return;
	}
	got = mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, (off_t)start);
	must(got == at, "arena: mmap of RAM");
}

int arena_share(void)
{
	file = memfd_create("ram", 0);
	must(file >= 0 && ftruncate(file, ARENA_END) == 0, "arena: memfd_create");
	return file;
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
	open_ram(start, size);
	if (file < 0)
		open_window(phys_to_page(first), ((end - first) >> PAGE_SHIFT) * STRUCT_PAGE_SIZE);
}

void arena_add_ram(uint64_t start, uint64_t size)
{
	arena_map(start, size);
	must(boot_ram_add(start, size) == 0, "arena: boot_ram_add");
}
