// SPDX-License-Identifier: MIT
// clang-format off
// sources: mm/check/*.c
// clang-format on
// granules: 12 14 16
/*
 * The checker, rule by rule: the shortest sequence that breaks it beside one that keeps it,
 * on one CPU and on several.
 */
#include <stdlib.h>
#include <string.h>

#include "mm/arm64/layout.h"
#include "mm/check/check.h"
#include "tests/host/tap.h"

/* Memory of tables: page i is at PA i * PAGE_SIZE. */
enum { NOTHING, ROOT, PUD, PMD, PTES, NEXT, SPARE, PAGES };
#define MORE_PAGES (1 + (140 >> (TABLE_SHIFT - 9))) /* 70,000 leaves in all */
#define TABLES	   (12 + MORE_PAGES)

#define VA	base
#define RAM	(8 * CONT_PMD_SIZE) /* frames, aligned to all that there is */
#define RAM_END (RAM + 2 * CONT_PMD_SIZE)
#define DEVICE	(1UL << 40)

#define LEAF(i)	 (leaf_desc(RAM, PAGE_KERNEL, LEVEL_PTE) + ((uint64_t)(i) << PAGE_SHIFT))
#define GROUP(i) (LEAF(i) | DESC_CONT)
#define BLOCK	 leaf_desc(RAM, PAGE_KERNEL, LEVEL_PMD)
#define TYPE(t)	 ((uint64_t)DESC_ATTR(t))
#define PAGE(i)	 tlbi_operand(VA + ((uint64_t)(i) << PAGE_SHIFT))

static __attribute__((aligned(PAGE_SIZE))) desc_t memory[PAGES + MORE_PAGES][PTRS_PER_TABLE];
static __attribute__((aligned(64))) char records[64 * MiB];
static struct checker *checker;
static struct checker_config config;
static uint64_t base = VMALLOC_START + PUD_SIZE; /* of tables down to PMD */
static unsigned cpu, rules[RULE_COUNT];
static enum check_rule first_rule;
static char first_text[160], last_text[160];

static const desc_t *table_at(void *context, uint64_t pa)
{
	(void)context;
	return pa >> PAGE_SHIFT > NOTHING && pa >> PAGE_SHIFT < ARRAY_SIZE(memory)
		       ? memory[pa >> PAGE_SHIFT]
		       : NULL;
}

/* All frames of RAM hold the same but one, whose last byte differs. */
static uint64_t odd_frame;

static const void *memory_at(void *context, uint64_t pa)
{
	static const char even[PAGE_SIZE], odd[PAGE_SIZE] = { [PAGE_SIZE - 1] = 1 };

	(void)context;
	if (pa < RAM || pa >= RAM_END)
		return NULL;
	return pa == odd_frame ? odd : even;
}

static void reported(void *context, const struct check_report *report)
{
	(void)context;
	if (!first_text[0]) {
		snprintf(first_text, sizeof(first_text), "%s", report->text);
		first_rule = report->rule;
	}
	snprintf(last_text, sizeof(last_text), "%s", report->text);
	rules[report->rule]++;
}

static void tell(enum mm_event_kind kind, uint64_t address, uint64_t old, uint64_t new)
{
	checker_event(checker, &(struct mm_event){ .kind = kind,
						   .cpu = (uint16_t)cpu,
						   .address = address,
						   .old = old,
						   .new = new });
}

static void store(unsigned page, uint64_t slot, desc_t value)
{
	desc_t old = (&memory[page][0])[slot];

	(&memory[page][0])[slot] = value;
	tell(EVENT_STORE, page * PAGE_SIZE + slot * sizeof(desc_t), old, value);
}

static void cas(unsigned page, uint64_t slot, desc_t value)
{
	desc_t old = (&memory[page][0])[slot];

	(&memory[page][0])[slot] = value;
	tell(EVENT_CAS, page * PAGE_SIZE + slot * sizeof(desc_t), old, value);
}

static void dmb(void)
{
	tell(EVENT_DMB_ISHST, 0, 0, 0);
}

static void dsb_st(void)
{
	tell(EVENT_DSB_ISHST, 0, 0, 0);
}

static void dsb(void)
{
	tell(EVENT_DSB_ISH, 0, 0, 0);
}

static void isb(void)
{
	tell(EVENT_ISB, 0, 0, 0);
}

static void tlbi_leaf(uint64_t operand)
{
	tell(EVENT_TLBI_VAALE1IS, 0, 0, operand);
}

static void tlbi_walk(uint64_t operand)
{
	tell(EVENT_TLBI_VAAE1IS, 0, 0, operand);
}

static void tlbi_all(void)
{
	tell(EVENT_TLBI_VMALLE1IS, 0, 0, 0);
}

/* @pages, a multiple of 2 up to 64, from page @i on, as the Arm ARM has the operand (D8.16.5). */
static uint64_t range_operand(uint64_t i, uint64_t pages)
{
	const uint64_t tg = (PAGE_SHIFT - 10) / 2;

	return tg << 46 | (pages / 2 - 1) << 39 | ((VA >> PAGE_SHIFT) + i) % (1UL << 37);
}

static void tlbi_range_leaf(uint64_t operand)
{
	tell(EVENT_TLBI_RVAALE1IS, 0, 0, operand);
}

static void tlbi_range_walk(uint64_t operand)
{
	tell(EVENT_TLBI_RVAAE1IS, 0, 0, operand);
}

static void mapped(void)
{
	dsb_st();
	isb();
}

static void flushed(void)
{
	dsb();
	isb();
}

static void flush_page(uint64_t i)
{
	dsb_st();
	tlbi_leaf(PAGE(i));
	flushed();
}

static void alloc(unsigned page)
{
	tell(EVENT_TABLE_ALLOC, page * PAGE_SIZE, ROOT * PAGE_SIZE, LEVEL_PTE);
}

static void free_table(unsigned page)
{
	tell(EVENT_TABLE_FREE, page * PAGE_SIZE, 0, 0);
}

static void free_frames(uint64_t pa, uint64_t bytes)
{
	tell(EVENT_FREE, pa, 0, bytes);
}

static desc_t link_to(unsigned page)
{
	return table_desc(page * PAGE_SIZE);
}

/* Tables down to PMD are linked, boot's so to speak; PTES and SPARE are allocated. */
static void begin(uint64_t bytes)
{
	unsigned table = ROOT;

	memset(memory, 0, sizeof(memory));
	memset(rules, 0, sizeof(rules));
	first_rule = RULE_NONE;
	first_text[0] = '\0';
	cpu = 0;
	config.table_at = table_at;
	odd_frame = 0;
	config.report = reported;
	config.frames_end = RAM_END;
	config.regions = 256;
	checker = checker_init(&config, records, bytes ? bytes : checker_memory(&config, TABLES));
	if (!checker)
		abort();
	if (LEVEL_ROOT == 0) {
		memory[table][table_index(VA, 0)] = link_to(PUD);
		table = PUD;
	}
	memory[table][table_index(VA, LEVEL_PUD)] = link_to(PMD);
	checker_adopt(checker, ROOT * PAGE_SIZE);
	alloc(PTES);
	alloc(SPARE);
	alloc(NEXT);
}

static void link_ptes(void)
{
	dmb();
	store(PMD, 0, link_to(PTES));
	mapped();
}

static void map_one(void)
{
	link_ptes();
	store(PTES, 5, LEAF(5));
	mapped();
}

static void unmap_one(void)
{
	map_one();
	store(PTES, 5, 0);
}

/* A table with two leaves is linked, then unlinked. */
static void unlink_ptes(void)
{
	store(PTES, 5, LEAF(5));
	store(PTES, 6, LEAF(6));
	link_ptes();
	store(PMD, 0, 0);
}

static void silent(void (*steps)(void), const char *what)
{
	bool quiet;

	begin(0);
	steps();
	quiet = checker_quiet(checker);
	ok(quiet && !checker_reports(checker), "right: %s%s%s", what, first_text[0] ? ": " : "",
	   first_text);
}

/* The first report is of @rule; others may follow from it. */
static void reports(enum check_rule rule, void (*steps)(void), const char *what)
{
	begin(0);
	steps();
	checker_quiet(checker);
	ok(rules[rule] && first_rule == rule && first_text[0] && check_rules[rule].name &&
		   check_rules[rule].section,
	   "%s: %s", check_rules[rule].name, what);
	if (first_rule != rule)
		printf("# got rule %u: %s\n", first_rule, first_text);
}

#define STEPS(name) static void name(void)

#include "tests/host/check-stores.h"

#include "tests/host/check-flushes.h"
#include "tests/host/check-ranges.h"

#include "tests/host/check-frames.h"

#include "tests/host/check-moves.h"

#include "tests/host/check-sizes.h"

#include "tests/host/check-shared.h"

int main(void)
{
	config.memory_at = memory_at;
	test_changes();
	test_groups();
	test_formats();
	test_links();
	test_frees();
	test_reuse();
	test_barriers();
	test_tlbis();
	test_ranges();
	test_frames();
	test_types();
	test_past();
	test_moves();
	test_access_flag();
	test_sizes();
	test_counts();
	test_shared();
	test_memory();
	test_frame_blocks();
	return tap_done();
}
