// SPDX-License-Identifier: MIT
// clang-format off
// sources: tests/host/live-vmemmap.c tests/host/mmu-model.c mm/check/*.c tests/host/arena.c mm/phys/ranges.c
// clang-format on
// granules: 12 14 16
/*
 * The vmemmap that follows the tables, by itself: tables made by hand over the door, and what
 * loads and stores of struct pages do then.
 */
#include "mm/arm64/hw.h"
#include "mm/map/map.h"
#include "tests/host/arena.h"
#include "tests/host/live-vmemmap.h"
#include "tests/host/tap.h"

/* What may be behind struct pages. */
#define FRAMES	 ALIGN_UP(16 * MiB, PMD_SIZE)
#define FRAME(i) (FRAMES + (i)*PAGE_SIZE)
#define RW(i)	 leaf_desc(FRAME(i), PAGE_KERNEL, LEVEL_PTE)
#define RO(i)	 leaf_desc(FRAME(i), PAGE_KERNEL_RO, LEVEL_PTE)
#define TABLES	 (16 * PAGE_SIZE)

/* Pages of the whole vmemmap, and those of them that are looked at. */
#define PAGES	     ((ARENA_END >> PAGE_SHIFT) * STRUCT_PAGE_SIZE / PAGE_SIZE)
#define WINDOW_PAGES MIN(PAGES, PTRS_PER_TABLE)

/* A page that is in no group. */
#define ALONE (2 * CONT_PTES + 8)

__attribute__((aligned(PAGE_SIZE))) desc_t swapper_pg_dir[PTRS_PER_TABLE];

static desc_t *pud, *pmd, *ptes;

static uint64_t *page_of(uint64_t i)
{
	return (uint64_t *)(VMEMMAP_START + i * PAGE_SIZE);
}

static uint64_t *memory_of(uint64_t i)
{
	return phys_to_virt(FRAME(i));
}

static desc_t link_to(const desc_t *table)
{
	return table_desc(virt_to_phys(table));
}

/* A store, and all that a TLB has to be told of it. */
static void set(desc_t *slot, desc_t d)
{
	hw_dmb_ishst();
	hw_store_desc(slot, d);
	hw_dsb_ishst();
	hw_tlbi_vmalle1is();
	hw_dsb_ish();
	hw_isb();
}

static desc_t *new_table(unsigned i)
{
	desc_t *table = phys_to_virt(TABLES + i * PAGE_SIZE);

	mm_event(EVENT_TABLE_ALLOC, virt_to_phys(table), 0, 0, 0);
	return table;
}

static void begin(void)
{
	desc_t *table = swapper_pg_dir;

	pud = new_table(0);
	pmd = new_table(1);
	ptes = new_table(2);
	if (LEVEL_ROOT == 0) {
		set(&table[table_index(VMEMMAP_START, 0)], link_to(pud));
		table = pud;
	}
	set(&table[table_index(VMEMMAP_START, LEVEL_PUD)], link_to(pmd));
	for (uint64_t i = 0; i < 8; i++)
		*memory_of(i) = 0x1000 + i;
}

/* Every page of the window can be loaded from, and stored to, or not. */
static bool all_are(bool readable, bool writable)
{
	for (uint64_t i = 0; i < WINDOW_PAGES; i++)
		if (read_faults(page_of(i)) == readable || write_faults(page_of(i)) == writable)
			return false;
	return true;
}

static bool shows(uint64_t page, uint64_t frame)
{
	return *page_of(page) == *memory_of(frame);
}

static void test_pages(void)
{
	ok(all_are(false, false), "nothing is there before there are tables");
	begin();
	ok(all_are(false, false), "nor with tables that have no leaf");
	hw_store_desc(&ptes[1], RW(3));
	ok(read_faults(page_of(1)), "nor what is in a table that no walker reaches");
	set(&pmd[0], link_to(ptes));
	ok(shows(1, 3) && !write_faults(page_of(1)) && read_faults(page_of(0)) &&
		   read_faults(page_of(2)),
	   "a link shows what is in the table, and no more");
	*page_of(1) = 77;
	ok(*memory_of(3) == 77 && shows(1, 3), "it is the frame's memory");
	set(&ptes[1], RO(3));
	ok(shows(1, 3) && write_faults(page_of(1)), "read-only: stores fault, loads do not");
	set(&ptes[5], RO(3));
	*memory_of(3) = 78;
	ok(shows(1, 3) && shows(5, 3), "a frame behind two pages is one piece of memory");
	*memory_of(4) = *memory_of(3);
	set(&ptes[1], RO(4));
	*memory_of(4) = 79;
	ok(shows(1, 4) && shows(5, 3) && write_faults(page_of(1)),
	   "another frame, still read-only");
	set(&ptes[1], RW(4));
	ok(!write_faults(page_of(1)) && write_faults(page_of(5)), "writable again");
	set(&ptes[1], 0);
	ok(read_faults(page_of(1)) && !read_faults(page_of(5)), "nothing again");
	set(&ptes[1], RW(6));
	ok(shows(1, 6), "something else");
}

static void test_tables(void)
{
	set(&pmd[0], 0);
	ok(all_are(false, false), "an unlinked table takes all with it");
	hw_store_desc(&ptes[5], RO(5));
	set(&pmd[0], link_to(ptes));
	ok(shows(5, 5) && shows(1, 6), "and brings back what it holds by then");
	set(&swapper_pg_dir[table_index(VMEMMAP_START, LEVEL_ROOT)], 0);
	ok(all_are(false, false), "so does the root's");
	set(&swapper_pg_dir[table_index(VMEMMAP_START, LEVEL_ROOT)],
	    link_to(LEVEL_ROOT == 0 ? pud : pmd));
	ok(shows(5, 5) && shows(1, 6), "and back");
	set(&pmd[0], 0);
	set(&pmd[1], link_to(ptes));
	ok(read_faults(page_of(0)) && (PAGES <= PTRS_PER_TABLE || shows(PTRS_PER_TABLE + 5, 5)),
	   "at other addresses");
	set(&pmd[1], 0);
}

static bool shows_all(uint64_t frame)
{
	for (uint64_t i = 0; i < WINDOW_PAGES; i++)
		if (*page_of(i) != *memory_of(frame + i))
			return false;
	return true;
}

static void test_blocks(void)
{
	uint64_t before = live_vmemmap.mappings;

	for (uint64_t i = 0; i < WINDOW_PAGES; i++)
		*memory_of(i) = 0x2000 + i;
	set(&pmd[0], leaf_desc(FRAMES, PAGE_KERNEL, LEVEL_PMD));
	ok(all_are(true, true) && shows_all(0), "a block");
	set(&pmd[0], leaf_desc(FRAMES, PAGE_KERNEL_RO, LEVEL_PMD));
	ok(all_are(true, false) && shows_all(0), "a read-only block");
	ok(live_vmemmap.mappings == before + 2, "each of them one mapping of the host");
	set(&pmd[0], 0);
	for (uint64_t i = 0; i < PTRS_PER_TABLE; i++)
		hw_store_desc(&ptes[i], i < 2 * CONT_PTES ? RW(i) | DESC_CONT : RO(i));
	before = live_vmemmap.mappings;
	set(&pmd[0], link_to(ptes));
	ok(shows_all(0) && !write_faults(page_of(2 * CONT_PTES - 1)) &&
		   write_faults(page_of(2 * CONT_PTES)),
	   "pages, some of them in groups");
	ok(live_vmemmap.mappings == before + 2,
	   "neighbours with equal permissions are one mapping");
}

static bool at_dsb, faulted_at_dsb;

/* What another CPU sees while a leaf is broken. */
static void look(const struct mm_event *event)
{
	live_vmemmap_event(event);
	if (event->kind != EVENT_DSB_ISH || !at_dsb)
		return;
	faulted_at_dsb = read_faults(page_of(ALONE));
	at_dsb = false;
}

static void test_window(void)
{
	mmu_model_recorder = look;
	at_dsb = true;
	set(&ptes[ALONE], 0);
	set(&ptes[ALONE], RW(41));
	ok(faulted_at_dsb && shows(ALONE, 41), "a look between break and make faults");
	mmu_model_recorder = live_vmemmap_event;
	ok(mmu_model_clean(), "all that was by the book");
}

static void test_access_flag(void)
{
	mm_event(EVENT_TCR, 0, 0, TCR_HA, 0);
	set(&ptes[ALONE], RW(41) & ~DESC_AF);
	ok(!read_faults(page_of(ALONE)) && ptes[ALONE] == RW(41) && live_vmemmap.af_updates == 1,
	   "AF=0: an access sets it, with TCR_EL1.HA");
	set(&ptes[ALONE], RW(41) & ~DESC_AF);
	ok(!hw_cas_desc(&ptes[ALONE], RW(41), RO(41)) && !write_faults(page_of(ALONE)) &&
		   hw_cas_desc(&ptes[ALONE], RW(41), RO(41)) && write_faults(page_of(ALONE)),
	   "a compare-and-swap is a store if it takes place");
	ok(read_faults((void *)(VMEMMAP_START + 2 * ARENA_END)) &&
		   write_faults(page_of(2 * CONT_PTES)),
	   "what else faults still does");
	hw_dsb_ishst();
	hw_tlbi_vmalle1is();
	hw_dsb_ish();
	hw_isb();
	ok(mmu_model_clean(), "and that was by the book, too");
	mm_event(EVENT_TCR, 0, 0, 0, 0);
	hw_isb();
	hw_store_desc(&ptes[ALONE], RW(41) & ~DESC_AF);
	ok(read_faults(page_of(ALONE)) && !(ptes[ALONE] & DESC_AF), "without it an access faults");
}

int main(void)
{
	live_vmemmap_start();
	arena_map(TABLES, 4 * PAGE_SIZE);
	arena_map(FRAMES, PMD_SIZE);
	test_pages();
	test_tables();
	test_blocks();
	test_window();
	test_access_flag();
	return tap_done();
}
