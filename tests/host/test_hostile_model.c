// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/map/*.c mm/map/view/*.c mm/arm64/door.c mm/arm64/prims-c.c mm/phys/*.c tests/host/arena.c tests/host/hostile-memory.c tests/host/hostile-tlb.c tests/host/hostile-tlbi.c tests/host/hostile-vmemmap.c tests/host/hostile-oracle.c
// libs: -Wl,--wrap=alloc_pages,--wrap=__free_pages,--wrap=table_pages_free
// granules: 12 14 16
// clang-format on
/*
 * The hostile MMU itself (hostile.h): small programs in raw descriptors, each written right
 * and wrong. The right one is never complained of, the wrong one soon and for that reason.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mm/arm64/hw.h"
#include "mm/phys/buddy.h"
#include "mm/phys/ranges.h"
#include "tests/host/arena.h"
#include "tests/host/hostile-oracle.h"
#include "tests/host/hostile-tables.h"
#include "tests/host/tap.h"

#define RAM_START (4 * ARENA_BLOCK)
#define VA	  (VMALLOC_START + PUD_SIZE)
#define PA	  (1UL << 40)
#define SEEDS	  4
#define ROUNDS	  3000
#define SILENT	  (ROUNDS >> (TABLE_SHIFT - 9)) /* a round fills a table */

/* Slots of VA at the two lowest levels; the table of pages is not linked at first. */
static desc_t *pmd, *ptes;
static struct page *ptes_page;
static struct page *array[CONT_PTES];

struct outcome {
	bool ended, failed;
	uint64_t rounds;
	char failure[240];
};
static struct outcome *outcome; /* shared with the process that runs */

/* --- what a door has ---------------------------------------------------------------------- */

static void completed(void)
{
	hw_dsb_ish();
	hw_isb();
}

static void fill(uint64_t n, desc_t first, uint64_t step)
{
	for (uint64_t i = 0; i < n; i++)
		hw_store_desc(&ptes[i], first + i * step);
}

static void flush(uint64_t n, uint64_t all_levels)
{
	for (uint64_t i = 0; i < n; i++)
		if (i < all_levels)
			hw_tlbi_vaae1is(tlbi_operand(VA + (i << PAGE_SHIFT)));
		else
			hw_tlbi_vaale1is(tlbi_operand(VA + (i << PAGE_SHIFT)));
}

static void link_ptes(void)
{
	hw_dmb_ishst();
	hw_store_desc(pmd, table_desc(page_to_phys(ptes_page)));
	published();
}

/* --- what software relies on -------------------------------------------------------------- */

static void begin(void)
{
	hostile_begin_call();
	oracle_current(VA, VA + PMD_SIZE);
}

static void rely(uint64_t n, bool on_array)
{
	const struct mapping m = { .va = VA,
				   .pages = n,
				   .kind = on_array ? BY_PAGES : BY_RANGE,
				   .pa = PA,
				   .array = array,
				   .prot = PAGE_KERNEL };

	oracle_add(&m);
	oracle_check(VA, VA + (n << PAGE_SHIFT));
}

static void give_up(uint64_t n)
{
	begin();
	oracle_give_up(0, VA, VA + (n << PAGE_SHIFT));
}

static void gone(uint64_t n)
{
	oracle_unmapped();
	oracle_check(VA, VA + (n << PAGE_SHIFT));
}

/* The right way to take down whatever is there. */
static void take_down(uint64_t n)
{
	give_up(n);
	hw_store_desc(pmd, 0);
	hw_dsb_ishst();
	hw_tlbi_vmalle1is();
	completed();
	gone(n);
}

/* --- programs ----------------------------------------------------------------------------- */

/* A block in use becomes a table that maps the same. */
static void split(bool wrong)
{
	begin();
	hw_store_desc(pmd, leaf_desc(PA, PAGE_KERNEL, LEVEL_PMD));
	published();
	rely(PTRS_PER_TABLE, false);
	if (wrong)
		begin();
	else
		give_up(PTRS_PER_TABLE);
	fill(PTRS_PER_TABLE, leaf_desc(PA, PAGE_KERNEL, LEVEL_PTE), PAGE_SIZE);
	if (!wrong) {
		hw_store_desc(pmd, 0);
		hw_dsb_ishst();
		flush(1, 0);
		completed();
	}
	link_ptes();
	if (wrong) {
		flush(1, 1);
		completed();
	} else {
		oracle_unmapped();
		rely(PTRS_PER_TABLE, false);
	}
	take_down(PTRS_PER_TABLE);
}

/* Pages in use become a contiguous group. */
static void join(bool wrong)
{
	begin();
	fill(PTRS_PER_TABLE, 0, 0);
	fill(CONT_PTES, leaf_desc(PA, PAGE_KERNEL, LEVEL_PTE), PAGE_SIZE);
	link_ptes();
	rely(CONT_PTES, false);
	if (wrong) {
		begin();
	} else {
		give_up(CONT_PTES);
		fill(CONT_PTES, 0, 0);
		hw_dsb_ishst();
		flush(CONT_PTES, 0);
		completed();
	}
	fill(CONT_PTES, leaf_desc(PA, PAGE_KERNEL, LEVEL_PTE) | DESC_CONT, PAGE_SIZE);
	published();
	if (wrong) {
		flush(CONT_PTES, 0);
		completed();
	} else {
		oracle_unmapped();
		rely(CONT_PTES, false);
	}
	take_down(CONT_PTES);
}

/* A group in use becomes read-only, member by member. */
static void protect(bool wrong)
{
	const struct change ro = { VA, VA + CONT_PTE_SIZE, DESC_RO, 0 };
	desc_t group = leaf_desc(PA, PAGE_KERNEL, LEVEL_PTE) | DESC_CONT;

	begin();
	fill(PTRS_PER_TABLE, 0, 0);
	fill(CONT_PTES, group, PAGE_SIZE);
	link_ptes();
	rely(CONT_PTES, false);
	begin();
	oracle_change(&ro);
	hostile.held = !wrong;
	fill(CONT_PTES, group | DESC_RO, PAGE_SIZE);
	hw_dsb_ishst();
	flush(CONT_PTES, 0);
	completed();
	hostile.held = false;
	oracle_changed(0);
	oracle_check(VA, VA + CONT_PTE_SIZE);
	take_down(CONT_PTES);
}

/* A group of frames that are not a run. */
static void flaw(bool wrong)
{
	desc_t cont = wrong ? DESC_CONT : 0;

	begin();
	fill(PTRS_PER_TABLE, 0, 0);
	for (uint64_t i = 0; i < CONT_PTES; i++) {
		array[i] = phys_to_page(PA + ((i == 3 ? CONT_PTES : i) << PAGE_SHIFT));
		hw_store_desc(&ptes[i],
			      leaf_desc(page_to_phys(array[i]), PAGE_KERNEL, LEVEL_PTE) | cont);
	}
	link_ptes();
	rely(CONT_PTES, true);
	take_down(CONT_PTES);
}

/* A group of a run that begins at no multiple of its size. */
static void shift(bool wrong)
{
	desc_t cont = wrong ? DESC_CONT : 0;

	begin();
	fill(PTRS_PER_TABLE, 0, 0);
	for (uint64_t i = 0; i < CONT_PTES; i++)
		array[i] = phys_to_page(PA + ((i + 1) << PAGE_SHIFT));
	fill(CONT_PTES, leaf_desc(PA + PAGE_SIZE, PAGE_KERNEL, LEVEL_PTE) | cont, PAGE_SIZE);
	link_ptes();
	rely(CONT_PTES, true);
	take_down(CONT_PTES);
}

/* A group is unmapped, with one TLBI for all of it or one each. */
static void ungroup(bool wrong)
{
	begin();
	fill(PTRS_PER_TABLE, 0, 0);
	fill(CONT_PTES, leaf_desc(PA, PAGE_KERNEL, LEVEL_PTE) | DESC_CONT, PAGE_SIZE);
	link_ptes();
	rely(CONT_PTES, false);
	give_up(CONT_PTES);
	fill(CONT_PTES, 0, 0);
	hw_dsb_ishst();
	flush(wrong ? 1 : CONT_PTES, 0);
	completed();
	gone(CONT_PTES);
}

/* A table is unlinked with its leaves: a leaf flushed first comes back by way of the table. */
static void unlink_ptes(bool wrong)
{
	begin();
	fill(PTRS_PER_TABLE, 0, 0);
	fill(8, leaf_desc(PA, PAGE_KERNEL, LEVEL_PTE), PAGE_SIZE);
	link_ptes();
	rely(8, false);
	give_up(8);
	hw_store_desc(pmd, 0);
	hw_dsb_ishst();
	flush(8, wrong ? 1 : 8);
	completed();
	gone(8);
}

/* A new table is linked with or without the barrier before. */
static void link_early(bool wrong)
{
	begin();
	fill(PTRS_PER_TABLE, leaf_desc(0, PAGE_KERNEL, LEVEL_PTE), PAGE_SIZE); /* former life */
	hw_dsb_ishst();
	fill(PTRS_PER_TABLE, 0, 0);
	fill(8, leaf_desc(PA, PAGE_KERNEL, LEVEL_PTE), PAGE_SIZE);
	if (!wrong)
		hw_dmb_ishst();
	hw_store_desc(pmd, table_desc(page_to_phys(ptes_page)));
	published();
	rely(8, false);
	take_down(8);
}

/* --- runs --------------------------------------------------------------------------------- */

/* Tables down to the PMD's. */
static void build_upper(void)
{
	desc_t *table = build_tables(VA, LEVEL_PMD);

	pmd = &table[table_index(VA, LEVEL_PMD)];
	ptes_page = alloc_pages(GFP_KERNEL, 0);
	ptes = page_address(ptes_page);
}

static void run_here(void (*program)(bool wrong), bool wrong, uint64_t seed, unsigned cpus)
{
	oracle_start();
	hostile_start(seed, cpus, DEAF_NONE);
	build_upper();
	while (!hostile.failed && outcome->rounds < (wrong ? ROUNDS : SILENT)) {
		program(wrong);
		outcome->rounds++;
	}
	outcome->failed = hostile.failed;
	memcpy(outcome->failure, hostile.failure, sizeof(outcome->failure));
	outcome->ended = true;
}

static void run(void (*program)(bool wrong), bool wrong, uint64_t seed, unsigned cpus)
{
	pid_t pid;

	*outcome = (struct outcome){ 0 };
	fflush(NULL);
	pid = fork();
	if (!pid) {
		run_here(program, wrong, seed, cpus);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		perror("hostile: fork");
}

static void test(void (*program)(bool wrong), const char *what, const char *complaint)
{
	bool silent = true, found = true;
	uint64_t most = 0;

	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		unsigned cpus = 1 + seed % HOSTILE_CPUS;

		run(program, false, seed, cpus);
		if (!outcome->ended || outcome->failed)
			printf("# seed %u, right: %s\n", seed, outcome->failure);
		silent = silent && outcome->ended && !outcome->failed;
		run(program, true, seed, cpus);
		if (!strstr(outcome->failure, complaint))
			printf("# seed %u, wrong: %s\n", seed, outcome->failure);
		found = found && outcome->failed && strstr(outcome->failure, complaint);
		most = MAX(most, outcome->rounds);
	}
	ok(silent, "%s: done right, %u rounds are silent", what, SILENT);
	ok(found, "%s: done wrong, it is found (%s)", what, complaint);
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
	test(split, "a block becomes a table", "TLB conflict");
	test(join, "pages become a group", "TLB conflict");
	test(protect, "permissions of a group change", "whose members differ");
	test(flaw, "a group of frames that are no run", "the TLB gives");
	test(shift, "a group out of phase", "the TLB gives");
	test(ungroup, "one TLBI for a group", "is not mapped, the TLB gives");
	test(unlink_ptes, "last-level TLBIs below an unlinked table", "is not mapped");
	test(link_early, "a table linked before its contents", " gives 0x");
	return tap_done();
}
