// SPDX-License-Identifier: MIT
/*
 * Suite checker: wrong sequences through the one door, on tables of our own that nobody's
 * addresses lead through, and each is reported by the rule that it breaks. On Image.check alone;
 * that it is silent on what is right, all other suites say.
 */
#include <string.h>

#include "lib/arm64/backtrace.h"
#include "lib/arm64/sysreg.h"
#include "lib/platform.h"
#include "mm/arm64/door.h"
#include "mm/arm64/prims.h"
#include "mm/check/live.h"
#include "mm/map/flush.h"
#include "mm/map/map.h"
#include "mm/map/view/walk.h"
#include "mm/phys/buddy.h"
#include "tests/machine/checker.h"
#include "tests/support.h"

static struct {
	unsigned reports, of[RULE_COUNT];
	struct check_report first;
} heard;

static void hear(const struct check_report *report)
{
	if (!heard.reports++)
		heard.first = *report;
	heard.of[report->rule]++;
}

/* --- tables -------------------------------------------------------------------------------- */

/* A zeroed table, not linked, barrier included: the right way. NULL: no memory, and a failed check.
 */
static desc_t *make_table(struct scratch *s, unsigned order, int level, bool barrier)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_ZERO, order);

	if (!CHECK(page && s->nr_tables < MOST_TABLES))
		return NULL;
	s->tables[s->nr_tables].page = page;
	s->tables[s->nr_tables++].order = order;
	MM_EVENT(EVENT_TABLE_ALLOC, page_to_phys(page), mm_event_address(swapper_pg_dir), level);
	desc_clear(page_address(page), PTRS_PER_TABLE);
	if (barrier)
		table_contents_before_link();
	return page_address(page);
}

static void link_table(struct scratch *s, desc_t *slot, const desc_t *table)
{
	s->tables[s->nr_tables - 1].link = slot;
	set_desc(slot, table_desc(virt_to_phys(table)));
}

/* Tables down to SCRATCH's last level. */
static bool make_tables(struct scratch *s)
{
	desc_t *table, *slot;

	memset(s, 0, sizeof(*s));
	for (int level = LEVEL_ROOT; level < LEVEL_PTE; level++) {
		slot = walk_slot(SCRATCH, level);
		if (get_desc(slot) & DESC_VALID)
			continue;
		table = make_table(s, 0, level + 1, true);
		if (!table)
			return false;
		link_table(s, slot, table);
	}
	door_mapped();
	s->pmd = walk_slot(SCRATCH, LEVEL_PMD);
	s->pte = walk_slot(SCRATCH, LEVEL_PTE);
	return true;
}

/* What is in the tables goes with them: from the leaves up, flushed in the largest way. */
static void drop_tables(struct scratch *s)
{
	for (unsigned i = s->nr_tables; i-- > 0;) {
		desc_clear(page_address(s->tables[i].page), PTRS_PER_TABLE);
		if (s->tables[i].link)
			set_desc(s->tables[i].link, 0);
	}
	door_before_tlbi();
	tlbi_all();
	door_after_tlbi();
	while (s->nr_tables--) {
		struct page *page = s->tables[s->nr_tables].page;

		MM_EVENT(EVENT_TABLE_FREE, page_to_phys(page), 0, 0);
		__free_pages(page, s->tables[s->nr_tables].order);
	}
}

/* To the checker: which level of FEAT_BBM the machine has. A test says so for itself. */
static void tell_bbm(uint64_t level)
{
	MM_EVENT(EVENT_BBM, 0, 0, level);
}

/* --- wrong, and caught --------------------------------------------------------------------- */

/* A store is one of this file: its place is known by name. */
static bool has_place(const struct mm_event *event)
{
	uint64_t offset;

	return !event->kind || (event->site && find_symbol(event->site, &offset));
}

void check_rule(void (*wrong)(struct scratch *s), enum check_rule rule)
{
	enum flush_policy before;
	struct scratch s;

	if (!IS_CHECKED)
		SKIP("Image.check alone has the checker");
	memset(&heard, 0, sizeof(heard));
	if (!make_tables(&s))
		return;
	before = flush_set_policy(FLUSH_EACH); /* flush=lazy excuses some of it */
	live_check_take(hear);
	wrong(&s);
	live_check_quiet();
	live_check_take(NULL);
	tell_bbm(field(read_sysreg(id_aa64mmfr2_el1), 55, 52));
	flush_set_policy(before);
	drop_tables(&s);
	if (CHECK_EQ(heard.first.rule, rule) && rule != RULE_NONE)
		CHECK(heard.first.text[0] && has_place(&heard.first.event));
	else if (heard.reports)
		ktap_note("heard: %s", heard.first.text);
	CHECK_EQ(!!heard.reports, rule != RULE_NONE);
}

/* Device frames that are not there: nothing of them is cached, fetched or counted as RAM. */
static desc_t leaf(uint64_t page, int level)
{
	return leaf_desc(EMPTY_PA + page * PAGE_SIZE, PROT_DEVICE_nGnRE, level);
}

static void map_leaf(struct scratch *s)
{
	set_desc(s->pte, leaf(0, LEVEL_PTE));
	door_mapped();
}

static void map_group(struct scratch *s, unsigned members)
{
	for (unsigned i = 0; i < members; i++)
		set_desc(&s->pte[i], leaf(i, LEVEL_PTE) | DESC_CONT);
	door_mapped();
}

RULE(right, "silent-on-what-is-right", RULE_NONE)
{
	map_leaf(s);
	set_desc(s->pte, 0);
	door_before_tlbi();
	tlbi_leaves(SCRATCH, 1, PAGE_SIZE);
	door_after_tlbi();
	map_group(s, CONT_PTES);
}

RULE(bbm_address, "bbm-address", RULE_BBM_ADDRESS)
{
	uint64_t offset;
	const char *name;

	map_leaf(s);
	set_desc(s->pte, leaf(1, LEVEL_PTE));
	name = find_symbol(heard.first.event.site, &offset);
	CHECK(name && !strncmp(name, "bbm_address", 11));
	CHECK_EQ(heard.of[RULE_BBM_ADDRESS], 1);
	CHECK_EQ(heard.first.va, SCRATCH);
	CHECK_EQ(heard.first.level, LEVEL_PTE);
	CHECK_EQ(heard.first.event.kind, EVENT_STORE);
	CHECK_EQ(heard.first.event.cpu, smp_processor_id());
	CHECK_EQ(heard.first.event.address, virt_to_phys(s->pte));
	CHECK_EQ(heard.first.event.old, leaf(0, LEVEL_PTE));
	CHECK_EQ(heard.first.event.new, leaf(1, LEVEL_PTE));
}

RULE(bbm_size, "bbm-contiguous-bit", RULE_BBM_SIZE)
{
	tell_bbm(0);
	map_group(s, CONT_PTES);
	set_desc(s->pte, leaf(0, LEVEL_PTE));
}

/* On any CPU: nothing is ever accessed there. */
RULE(bbm_level_2, "bbm-contiguous-bit-at-level-2", RULE_NONE)
{
	tell_bbm(2);
	map_group(s, CONT_PTES);
	for (unsigned i = 0; i < CONT_PTES; i++)
		set_desc(&s->pte[i], leaf(i, LEVEL_PTE));
	door_before_tlbi();
	tlbi_leaves(SCRATCH, CONT_PTES, PAGE_SIZE);
	door_after_tlbi();
}

RULE(bbm_table, "bbm-table-becomes-block", RULE_BBM_SIZE)
{
	set_desc(s->pmd, leaf(0, LEVEL_PMD));
}

RULE(bbm_type, "bbm-memory-type", RULE_BBM_TYPE)
{
	map_leaf(s);
	set_desc(s->pte, leaf_desc(EMPTY_PA, PROT_DEVICE_nGnRnE, LEVEL_PTE));
}

RULE(half_group, "half-a-group", RULE_GROUP)
{
	map_group(s, CONT_PTES / 2);
}

RULE(level, "leaf-at-a-wrong-level", RULE_LEVEL)
{
	int above = HAVE_PUD_BLOCK ? LEVEL_PUD - 1 : LEVEL_PUD;
	desc_t *slot = walk_slot(SCRATCH, above) + 1;

	set_desc(slot, leaf(0, above));
	set_desc(slot, 0);
}

RULE(alignment, "misaligned-block", RULE_ALIGNMENT)
{
	set_desc(s->pmd + 1, leaf(1, LEVEL_PMD));
}

RULE(attributes, "no-access-flag", RULE_ATTRIBUTES)
{
	set_desc(s->pte, leaf(0, LEVEL_PTE) & ~DESC_AF);
}

RULE(link_order, "link-without-a-barrier", RULE_LINK_ORDER)
{
	const desc_t *table = make_table(s, 0, LEVEL_PTE, false);

	if (table)
		link_table(s, s->pmd + 1, table);
}

RULE(link_used, "link-twice", RULE_LINK_USED)
{
	set_desc(s->pmd + 1, get_desc(s->pmd));
}

RULE(table_freed, "table-freed-before-its-tlbi", RULE_TABLE_FREED)
{
	set_desc(s->pmd, 0);
	door_before_tlbi();
	MM_EVENT(EVENT_TABLE_FREE, virt_to_phys(s->pte), 0, 0);
}

RULE(table_freed_leaf, "table-freed-after-a-tlbi-of-leaves", RULE_TABLE_FREED)
{
	set_desc(s->pmd, 0);
	door_before_tlbi();
	tlbi_leaves(SCRATCH, 1, PAGE_SIZE);
	door_after_tlbi();
	MM_EVENT(EVENT_TABLE_FREE, virt_to_phys(s->pte), 0, 0);
}

RULE(va_reused, "valid-again-before-its-tlbi", RULE_VA_REUSED)
{
	map_leaf(s);
	set_desc(s->pte, 0);
	set_desc(s->pte, leaf(0, LEVEL_PTE));
}

RULE(va_given_out, "address-given-out-before-its-tlbi", RULE_VA_REUSED)
{
	map_leaf(s);
	set_desc(s->pte, 0);
	door_before_tlbi();
	tlbi_leaves(SCRATCH, 1, PAGE_SIZE);
	MM_EVENT(EVENT_REUSE, SCRATCH, 0, PAGE_SIZE); /* its DSB is still to come */
}

RULE(no_dsb, "no-dsb", RULE_NO_DSB)
{
	set_desc(s->pte, leaf(0, LEVEL_PTE));
	MM_EVENT(EVENT_UNLOCK, 0, 0, 0);
}

RULE(no_dsb_after_tlbi, "no-dsb-after-a-tlbi", RULE_NO_DSB)
{
	map_leaf(s);
	set_desc(s->pte, 0);
	door_before_tlbi();
	tlbi_leaves(SCRATCH, 1, PAGE_SIZE);
	MM_EVENT(EVENT_UNLOCK, 0, 0, 0);
}

RULE(no_isb, "no-isb", RULE_NO_ISB)
{
	set_desc(s->pte, leaf(0, LEVEL_PTE));
	door_before_tlbi(); /* the DSB alone */
	MM_EVENT(EVENT_UNLOCK, 0, 0, 0);
}

RULE(tlbi_early, "tlbi-before-its-dsb", RULE_TLBI_EARLY)
{
	map_leaf(s);
	set_desc(s->pte, 0);
	tlbi_leaves(SCRATCH, 1, PAGE_SIZE);
}

RULE(tlbi_address, "tlbi-of-another-address", RULE_TLBI_SCOPE)
{
	map_leaf(s);
	set_desc(s->pte, 0);
	door_before_tlbi();
	tlbi_leaves(SCRATCH + PAGE_SIZE, 1, PAGE_SIZE);
	door_after_tlbi();
}

RULE(tlbi_form, "tlbi-of-leaves-for-a-table", RULE_TLBI_SCOPE)
{
	set_desc(s->pmd, 0);
	door_before_tlbi();
	tlbi_leaves(SCRATCH, 1, PAGE_SIZE);
	door_after_tlbi();
}

RULE(map_count, "frame-freed-that-is-mapped", RULE_MAP_COUNT)
{
	struct page *page = alloc_pages(GFP_KERNEL, 0);

	if (!CHECK(page))
		return;
	/* One free before, so that the other takes the quick way. */
	__free_pages(page, 0);
	page = alloc_pages(GFP_KERNEL, 0);
	set_desc(s->pte, leaf_desc(page_to_phys(page), PAGE_KERNEL_RO, LEVEL_PTE));
	door_mapped();
	__free_pages(page, 0);
}

RULE(map_count_stale, "frame-freed-before-its-tlbi", RULE_MAP_COUNT)
{
	struct page *page = alloc_pages(GFP_KERNEL, 0);

	if (!CHECK(page))
		return;
	set_desc(s->pte, leaf_desc(page_to_phys(page), PAGE_KERNEL_RO, LEVEL_PTE));
	door_mapped();
	set_desc(s->pte, 0);
	door_before_tlbi();
	__free_pages(page, 0);
}

RULE(memory_type, "two-memory-types", RULE_MEMORY_TYPE)
{
	set_desc(s->pte, leaf_desc(page_to_phys(s->tables[0].page), PROT_NORMAL_NC, LEVEL_PTE));
}

RULE(past_table, "stores-past-a-table", RULE_PAST_TABLE)
{
	desc_t *table = make_table(s, 1, LEVEL_PTE, true);

	if (!table)
		return;
	link_table(s, s->pmd + 1, table);
	desc_clear(table + PTRS_PER_TABLE - 2, 4);
}

RULE(door, "store-behind-the-door", RULE_DOOR)
{
	*(volatile desc_t *)s->pte = leaf(0, LEVEL_PTE);
	live_check_quiet();
	*(volatile desc_t *)s->pte = 0;
}
