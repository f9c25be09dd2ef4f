// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c tests/host/arena.c tests/host/hostile-memory.c tests/host/hostile-tlb.c tests/host/hostile-tlbi.c tests/host/hostile-vmemmap.c tests/host/hostile-oracle.c
// libs: -Wl,--wrap=alloc_pages,--wrap=__free_pages,--wrap=table_pages_free
// granules: 12 14 16
// clang-format on
/*
 * Struct pages on the hostile MMU (hostile-vmemmap.h): the ways in which tails come to share one
 * frame and get their own back, in raw descriptors, each right and with each step left out. The
 * right one is never complained of, the wrong one soon and for that reason.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drivers/smp/call.h"
#include "mm/arm64/hw.h"
#include "mm/phys/buddy.h"
#include "tests/host/arena.h"
#include "tests/host/hostile-oracle.h"
#include "tests/host/hostile-tables.h"
#include "tests/host/hostile-vmemmap.h"
#include "tests/host/tap.h"

#define RAM_START (4 * ARENA_BLOCK)
#define VA	  (VMEMMAP_START | -1UL << VA_BITS)
#define TAILS	  5
#define PAGES	  (1 + TAILS)
#define SEEDS	  4
#define ROUNDS	  3000
#define SILENT	  (ROUNDS >> (TABLE_SHIFT - 9)) /* what is read is a page */
#define TRIES	  16

/* What is said. */
#define WRITES "one may write"
#define READS  "reads something else"
#define SHARES "shares frame"
#define FAULTS "gives a fault"
#define GIVES  " gives 0x"
#define STORES "a store to"

#define MOST_COMPLAINTS 3
#define COMPLAINTS(...) ((const char *const[MOST_COMPLAINTS]){ __VA_ARGS__ })

#define RW PAGE_KERNEL
#define RO PAGE_KERNEL_RO

/* The page that the head is in, and the tails' own and shared. */
static desc_t *slots;
static uint64_t own[PAGES], spare[PAGES], shared;

/* The one step that is wrong. */
static enum error {
	RIGHT,
	NO_FLUSH_OF_RW,	 /* read-only, and at once another frame */
	NEVER_READ_ONLY, /* another frame while the page is writable */
	OTHER_CONTENTS,	 /* the shared frame differs in a byte */
	FREED_EARLY,	 /* before the second flush */
	LEFT_WRITABLE,	 /* the shared frame */
	WRITABLE_EARLY,	 /* own frames back, and at once writable */
	NO_TLBI,	 /* flag cleared, and at once another frame */
	NO_CAS,		 /* a plain store of the other frame */
	NO_HARDWARE,	 /* nobody sets flags */
	NOT_HELD,
	HEAD_READ_ONLY,
	HEAD_MOVES, /* to a copy of what the head held a moment ago */
} error;

struct outcome {
	bool ended, failed;
	uint64_t rounds, retries, fallbacks;
	char failure[240];
};
static struct outcome *outcome; /* shared with the process that runs */

/* --- what a door has ---------------------------------------------------------------------- */

static void flush(unsigned first, unsigned pages)
{
	hw_dsb_ishst();
	for (unsigned i = first; i < first + pages; i++)
		hw_tlbi_vaale1is(tlbi_operand(VA + ((uint64_t)i << PAGE_SHIFT)));
	hw_dsb_ish();
	hw_isb();
}

static void set(unsigned page, uint64_t pa, pgprot_t prot)
{
	hw_store_desc(&slots[page], leaf_desc(pa, prot, LEVEL_PTE));
}

static void set_tails(const uint64_t *frames, pgprot_t prot)
{
	for (unsigned i = 1; i < PAGES; i++)
		set(i, frames ? frames[i] : shared, prot);
}

/* --- what software does ------------------------------------------------------------------- */

/* All tails are alike. */
static void write_tails(uint64_t pa)
{
	memset(phys_to_virt(pa), 0x33, PAGE_SIZE);
}

static void begin(pgprot_t prot)
{
	hostile_begin_call();
	vmemmap_changing(1, TAILS, prot);
}

static void end(void)
{
	vmemmap_changed(1, TAILS);
	vmemmap_check();
}

/* The frames of the tails are somebody else's. */
static void release(void)
{
	for (unsigned i = 1; i < PAGES; i++)
		vmemmap_frame_freed(own[i]);
}

/* Others for the tails, with their contents. */
static void get_frames(void)
{
	for (unsigned i = 1; i < PAGES; i++) {
		uint64_t pa = own[i];

		own[i] = spare[i];
		spare[i] = pa;
		write_tails(own[i]);
	}
}

/* Others for the tails, and their contents as they are at this moment. */
static void copy_frames(void)
{
	for (unsigned i = 1; i < PAGES; i++) {
		uint64_t pa = own[i];

		own[i] = spare[i];
		spare[i] = pa;
		memcpy(phys_to_virt(own[i]), phys_to_virt(pa), PAGE_SIZE);
	}
}

/* --- programs ----------------------------------------------------------------------------- */

/* Read-only, then the shared frame; and back. */
static void read_only(void)
{
	begin(RO);
	if (error != NEVER_READ_ONLY)
		set_tails(own, RO);
	if (error != NEVER_READ_ONLY && error != NO_FLUSH_OF_RW)
		flush(1, TAILS);
	((char *)phys_to_virt(shared))[PAGE_SIZE - 1] ^= error == OTHER_CONTENTS;
	set_tails(NULL, RO);
	if (error == FREED_EARLY)
		release();
	flush(1, TAILS);
	release();
	if (error == LEFT_WRITABLE) {
		set_tails(NULL, RW);
		flush(1, TAILS);
	}
	end();
	begin(RW);
	get_frames();
	set_tails(own, RO);
	if (error != WRITABLE_EARLY)
		flush(1, TAILS);
	set_tails(own, RW);
	flush(1, TAILS);
	end();
}

/* What others write while they may is not lost: the copy is made when nobody may any more. */
static void move_copies(void)
{
	vmemmap_set_writers(1, TAILS, WRITE_IF_MAY);
	begin(RO);
	set_tails(own, RO);
	if (error != NO_FLUSH_OF_RW)
		flush(1, TAILS);
	copy_frames();
	set_tails(own, RO);
	flush(1, TAILS);
	set_tails(own, RW);
	flush(1, TAILS);
	end();
}

/* Invalid, then another frame, while the other CPUs are held. */
static void with_break(const uint64_t *frames, pgprot_t prot)
{
	begin(prot);
	if (error != NOT_HELD)
		stop_others();
	for (unsigned i = 1; i < PAGES; i++)
		hw_store_desc(&slots[i], 0);
	flush(1, TAILS);
	set_tails(frames, prot);
	published();
	if (error != NOT_HELD)
		resume_others();
}

static void held(void)
{
	with_break(NULL, RO);
	release();
	end();
	get_frames();
	with_break(own, RW);
	end();
}

/* The flag cleared and flushed, then another frame if no walker has set it meanwhile. */
static bool try_flag(unsigned page, desc_t new)
{
	desc_t cleared = hw_load_desc(&slots[page]) & ~DESC_AF;

	hw_store_desc(&slots[page], cleared);
	if (error != NO_TLBI)
		flush(page, 1);
	if (error == NO_CAS) {
		hw_store_desc(&slots[page], new);
		return true;
	}
	return hw_cas_desc(&slots[page], cleared, new);
}

static void by_flag(unsigned page, desc_t new)
{
	for (unsigned i = 0; i < TRIES; i++) {
		if (try_flag(page, new))
			return;
		outcome->retries++;
	}
	outcome->fallbacks++;
	stop_others();
	hw_store_desc(&slots[page], 0);
	flush(page, 1);
	hw_store_desc(&slots[page], new);
	published();
	resume_others();
}

static void access_flag(void)
{
	hostile.sets_flag = error != NO_HARDWARE;
	begin(RO);
	for (unsigned i = 1; i < PAGES; i++)
		by_flag(i, leaf_desc(shared, RO, LEVEL_PTE));
	published();
	release();
	end();
	begin(RW);
	get_frames();
	for (unsigned i = 1; i < PAGES; i++)
		by_flag(i, leaf_desc(own[i], RW, LEVEL_PTE));
	published();
	end();
}

/* The head's page, which others write to at any time, stays where it is. */
static void head(void)
{
	begin(RO);
	set_tails(own, RO);
	if (error == HEAD_READ_ONLY || error == HEAD_MOVES) {
		memcpy(phys_to_virt(spare[0]), phys_to_virt(own[0]), PAGE_SIZE);
		vmemmap_changing(0, 1, RO);
		set(0, own[0], RO);
		flush(0, 1);
	}
	flush(1, TAILS);
	if (error == HEAD_MOVES) {
		set(0, spare[0], RW);
		flush(0, 1);
		vmemmap_changed(0, 1);
	}
	end();
	begin(RW);
	set_tails(own, RW);
	flush(1, TAILS);
	end();
}

/* --- runs --------------------------------------------------------------------------------- */

static uint64_t get_frame(void)
{
	uint64_t pa = page_to_phys(alloc_pages(GFP_KERNEL, 0));

	write_tails(pa);
	return pa;
}

static void build(void)
{
	desc_t *table = build_tables(VA, LEVEL_PTE);

	slots = &table[table_index(VA, LEVEL_PTE)];
	shared = get_frame();
	for (unsigned i = 0; i < PAGES; i++) {
		own[i] = get_frame();
		spare[i] = get_frame();
		set(i, own[i], RW);
	}
	published();
	vmemmap_watch(VA, PAGES);
	vmemmap_set_writers(0, 1, WRITE_ALWAYS);
}

static void run_here(void (*program)(void), uint64_t seed, unsigned cpus)
{
	oracle_start();
	hostile_start(seed, cpus, DEAF_NONE);
	build();
	while (!hostile.failed && outcome->rounds < (error ? ROUNDS : SILENT)) {
		program();
		outcome->rounds++;
	}
	outcome->failed = hostile.failed;
	memcpy(outcome->failure, hostile.failure, sizeof(outcome->failure));
	outcome->ended = true;
}

static void run(void (*program)(void), uint64_t seed, unsigned cpus)
{
	pid_t pid;

	*outcome = (struct outcome){ 0 };
	fflush(NULL);
	pid = fork();
	if (!pid) {
		run_here(program, seed, cpus);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		perror("hostile: fork");
}

static void right(void (*program)(void), const char *what)
{
	uint64_t retries = 0, fallbacks = 0;
	bool silent = true;

	error = RIGHT;
	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		run(program, seed, 1 + seed % HOSTILE_CPUS);
		if (!outcome->ended || outcome->failed)
			printf("# seed %u: %s\n", seed, outcome->failure);
		silent = silent && outcome->ended && !outcome->failed;
		retries += outcome->retries;
		fallbacks += outcome->fallbacks;
	}
	ok(silent, "%s: done right, %u rounds are silent", what, SILENT);
	if (program == access_flag)
		ok(retries,
		   "a walker was there before the compare-and-swap: %lu times, %lu times "
		   "16 in a row",
		   retries, fallbacks);
}

/* Of one of @complaints: what is seen first depends on who looks. */
static bool is_found(const char *const complaints[MOST_COMPLAINTS])
{
	for (unsigned i = 0; i < MOST_COMPLAINTS && complaints[i]; i++)
		if (outcome->failed && strstr(outcome->failure, complaints[i]))
			return true;
	return false;
}

static void wrong(void (*program)(void), enum error which, const char *what,
		  const char *const complaints[MOST_COMPLAINTS])
{
	uint64_t most = 0;
	bool found = true;

	error = which;
	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		run(program, seed, 1 + seed % HOSTILE_CPUS);
		if (!is_found(complaints))
			printf("# seed %u: %s\n", seed, outcome->failure);
		found = found && is_found(complaints);
		most = MAX(most, outcome->rounds);
	}
	ok(found, "%s: it is found (%s)", what, complaints[0]);
	printf("# after %lu rounds at most\n", most);
}

int main(void)
{
	outcome = mmap(NULL, sizeof(*outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (outcome == MAP_FAILED)
		return 99;
	arena_add_ram(RAM_START, ARENA_BLOCK);
	buddy_init();
	hostile_init();
	right(read_only, "read-only, then the shared frame, and back");
	wrong(read_only, NO_FLUSH_OF_RW, "no flush between", COMPLAINTS(WRITES));
	wrong(read_only, NEVER_READ_ONLY, "another frame while writable", COMPLAINTS(WRITES));
	wrong(read_only, OTHER_CONTENTS, "the frames differ in a byte", COMPLAINTS(READS));
	wrong(read_only, FREED_EARLY, "freed before the flush", COMPLAINTS(READS));
	wrong(read_only, LEFT_WRITABLE, "the shared frame left writable", COMPLAINTS(SHARES));
	wrong(read_only, WRITABLE_EARLY, "writable before the flush", COMPLAINTS(WRITES));
	right(move_copies, "read-only, copied, moved, with writers");
	wrong(move_copies, NO_FLUSH_OF_RW, "no flush before the copy", COMPLAINTS(WRITES, READS));
	right(held, "break-before-make, the others held");
	wrong(held, NOT_HELD, "the others not held", COMPLAINTS(FAULTS));
	right(access_flag, "without access flag, then the other frame");
	wrong(access_flag, NO_TLBI, "no flush between", COMPLAINTS(WRITES, READS, GIVES));
	wrong(access_flag, NO_CAS, "no compare-and-swap", COMPLAINTS(WRITES, READS, GIVES));
	wrong(access_flag, NO_HARDWARE, "nobody sets flags", COMPLAINTS(FAULTS));
	right(head, "the head's page stays");
	wrong(head, HEAD_READ_ONLY, "the head's page with its tails'", COMPLAINTS(STORES));
	wrong(head, HEAD_MOVES, "the head's page is copied", COMPLAINTS(WRITES, READS, STORES));
	return tap_done();
}
