// SPDX-License-Identifier: MIT
/*
 * The vmemmap that follows the tables (live-vmemmap.h).
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "mm/map/map.h"
#include "tests/host/arena.h"
#include "tests/host/live-vmemmap.h"

/* The struct pages of all that may be RAM. */
#define WINDOW_END (VMEMMAP_START + (ARENA_END >> PAGE_SHIFT) * STRUCT_PAGE_SIZE)

/* In a table: the lower half of the host's addresses is the same as the upper one. */
#define IN_WINDOW(va) ((va) & ((1UL << VA_BITS) - 1))

struct live_vmemmap live_vmemmap;

static int file;

/* Neighbours that one mapping of the host can show. */
struct run {
	uint64_t va, pa, bytes;
	int access; /* PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE */
};

static void give_up(const char *what, uint64_t va)
{
	fprintf(stderr, "live-vmemmap: 0x%lx: ", va);
	perror(what);
	exit(99);
}

/* --- what is shown ------------------------------------------------------------------------ */

static void show_run(const struct run *r)
{
	bool none = r->access == PROT_NONE;
	int flags = none ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_SHARED;
	void *got;

	if (!r->bytes)
		return;
	if (!none && (r->pa >= ARENA_END || r->bytes > ARENA_END - r->pa))
		give_up("no RAM", r->va);
	got = mmap((void *)r->va, r->bytes, r->access, flags | MAP_FIXED, none ? -1 : file,
		   none ? 0 : (off_t)r->pa);
	if (got != (void *)r->va)
		give_up("mmap", r->va);
	live_vmemmap.mappings++;
}

static int access_of(desc_t d)
{
	if (!(d & DESC_VALID) || !(d & DESC_AF))
		return PROT_NONE;
	return d & DESC_RO ? PROT_READ : PROT_READ | PROT_WRITE;
}

/* What entry @d says of [@va, @va + @bytes), as far as there is a window for it. */
static void add_entry(struct run *r, uint64_t va, uint64_t bytes, desc_t d)
{
	uint64_t from = MAX(va, VMEMMAP_START), end = MIN(va + bytes, WINDOW_END);
	uint64_t pa = desc_addr(d) + (from - va);
	int access = access_of(d);

	if (from >= end)
		return;
	if (!r->bytes || from != r->va + r->bytes || access != r->access ||
	    (access != PROT_NONE && pa != r->pa + r->bytes)) {
		show_run(r);
		*r = (struct run){ .va = from, .pa = pa, .access = access };
	}
	r->bytes += end - from;
}

/* Entry @d of @level, which is for addresses from @va on, with all that is below it. */
static void add_tree(struct run *r, uint64_t va, int level, desc_t d)
{
	uint64_t bytes = 1UL << level_shift(level);
	const desc_t *table;

	if (va >= WINDOW_END || va + bytes <= VMEMMAP_START)
		return;
	if (level == LEVEL_PTE || !desc_is_table(d)) {
		add_entry(r, va, bytes, d);
		return;
	}
	table = phys_to_virt(desc_addr(d));
	bytes /= PTRS_PER_TABLE;
	for (uint64_t i = 0; i < PTRS_PER_TABLE; i++)
		add_tree(r, va + i * bytes, level + 1, table[i]);
}

void live_vmemmap_event(const struct mm_event *event)
{
	struct mmu_table table;
	struct run run = { 0 };
	uint64_t index;

	if (event->kind == EVENT_TCR)
		live_vmemmap.hardware_af = event->new &TCR_HA;
	if (event->kind != EVENT_STORE && event->kind != EVENT_CAS)
		return;
	table = mmu_model_table(event->address & PAGE_MASK);
	if (!table.slots)
		return; /* no walker reaches it yet */
	index = event->address % PAGE_SIZE / sizeof(desc_t);
	add_tree(&run, IN_WINDOW(table.va) + (index << level_shift(table.level)), table.level,
		 event->new);
	show_run(&run);
}

/* --- accesses ----------------------------------------------------------------------------- */

static sigjmp_buf *probe; /* where an access that is being tried goes on if it faults */
static struct sigaction others;

/* The leaf at @va; NULL: there is none. */
static desc_t *leaf_at(uint64_t va)
{
	desc_t *table = swapper_pg_dir;

	for (int level = LEVEL_ROOT;; level++) {
		desc_t *slot = &table[table_index(va, level)];

		if (!(*slot & DESC_VALID))
			return NULL;
		if (desc_is_leaf(*slot, level))
			return slot;
		table = phys_to_virt(desc_addr(*slot));
	}
}

/* What a walker with TCR_EL1.HA does about an access flag. False: that was not the reason. */
static bool update_af(uint64_t va)
{
	desc_t *slot;

	if (!live_vmemmap.hardware_af || va < VMEMMAP_START || va >= WINDOW_END)
		return false;
	slot = leaf_at(va);
	if (!slot || *slot & DESC_AF)
		return false;
	live_vmemmap_event(&(struct mm_event){ .kind = EVENT_STORE,
					       .address = virt_to_phys(slot),
					       .old = *slot,
					       .new = *slot | DESC_AF });
	*slot |= DESC_AF;
	live_vmemmap.af_updates++;
	return true;
}

static void faulted(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (update_af((uint64_t)info->si_addr))
		return;
	if (probe)
		siglongjmp(*probe, 1);
	/* Nobody expects it: the access faults again, for whoever reports it. */
	sigaction(sig, &others, NULL);
}

__attribute__((no_sanitize("address"))) static void touch(volatile uint64_t *at, bool write)
{
	uint64_t value = *at;

	if (write)
		*at = value;
}

static bool access_faults(uint64_t *at, bool write)
{
	sigjmp_buf here;
	bool faults = true;

	if (!sigsetjmp(here, 1)) {
		probe = &here;
		touch(at, write);
		faults = false;
	}
	probe = NULL;
	return faults;
}

bool read_faults(const void *address)
{
	return access_faults((uint64_t *)address, false);
}

bool write_faults(void *address)
{
	return access_faults(address, true);
}

void live_vmemmap_start(void)
{
	struct sigaction ours = { .sa_sigaction = faulted, .sa_flags = SA_SIGINFO };

	file = arena_share();
	mmu_model_recorder = live_vmemmap_event;
	sigaction(SIGSEGV, &ours, &others);
}
