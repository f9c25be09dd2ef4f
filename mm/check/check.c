// SPDX-License-Identifier: MIT
/*
 * The checker (check.h): its memory, the events, what may be asked.
 */
#include <string.h>

#include "mm/check/check-internal.h"

#define REGIONS_DEFAULT 8192
#define MORE_MOVED_FROM 2

/* --- memory -------------------------------------------------------------------------------- */

/* Offsets of the parts, each aligned to 64. */
struct parts {
	uint64_t table_hash, region_hash, frame_block_of; /* have to be zero */
	uint64_t records, regions, frame_blocks, tables, moved_from, end;
	uint32_t nr_regions, nr_moved_from, buckets, region_buckets, nr_frame_blocks;
};

static uint64_t place(uint64_t *end, uint64_t bytes)
{
	uint64_t at = ALIGN_UP(*end, 64UL);

	*end = at + bytes;
	return at;
}

static uint32_t power_of_two(uint64_t at_least)
{
	return at_least < 2 ? 1 : 1u << (ilog2(at_least - 1) + 1);
}

static struct parts divide(const struct checker_config *config, unsigned tables)
{
	uint64_t blocks = ALIGN_UP(config->frames_end, PMD_SIZE) >> PMD_SHIFT;
	struct parts p = { .nr_regions =
				   (config->regions ? config->regions : REGIONS_DEFAULT) + 1 };

	p.nr_frame_blocks = MIN(config->frame_blocks ? config->frame_blocks : blocks, blocks) + 1;
	p.buckets = power_of_two(2UL * tables);
	p.region_buckets = power_of_two(p.nr_regions);
	p.end = sizeof(struct checker);
	p.table_hash = place(&p.end, p.buckets * sizeof(struct table *));
	p.region_hash = place(&p.end, p.region_buckets * sizeof(uint32_t));
	p.frame_block_of = place(&p.end, blocks * sizeof(uint32_t));
	p.records = place(&p.end, 0);
	p.regions = place(&p.end, p.nr_regions * sizeof(struct region));
	p.frame_blocks = place(&p.end, p.nr_frame_blocks * sizeof(struct frame_block));
	/* One for each table whose slots map struct pages one by one, and some for tests. */
	p.nr_moved_from = (uint32_t)(config->frames_end / PAGE_SIZE * STRUCT_PAGE_SIZE / PMD_SIZE) +
			  MORE_MOVED_FROM;
	p.moved_from = place(&p.end, p.nr_moved_from * sizeof(desc_t[PTRS_PER_TABLE]));
	p.tables = place(&p.end, tables * sizeof(struct table));
	return p;
}

uint64_t checker_memory(const struct checker_config *config, unsigned tables)
{
	return divide(config, tables).end;
}

struct checker *checker_init(const struct checker_config *config, void *memory, uint64_t bytes)
{
	struct checker *c = memory;
	unsigned tables = 1;
	char *base = memory;
	struct parts p;

	while (divide(config, tables * 2).end <= bytes)
		tables *= 2;
	for (unsigned step = tables / 2; step; step /= 2)
		if (divide(config, tables + step).end <= bytes)
			tables += step;
	p = divide(config, tables);
	if (p.end > bytes)
		return NULL;
	/* Records are cleared when they are first used: most never are. */
	memset(memory, 0, p.records);
	c->config = *config;
	c->table_hash = (struct table **)(base + p.table_hash);
	c->table_buckets = p.buckets;
	c->tables = (struct table *)(base + p.tables);
	c->nr_tables = tables;
	c->region_hash = (uint32_t *)(base + p.region_hash);
	c->region_buckets = p.region_buckets;
	c->regions = (struct region *)(base + p.regions);
	c->nr_regions = p.nr_regions;
	c->used_regions = 1; /* 0 ends a chain */
	c->frame_block_of = (uint32_t *)(base + p.frame_block_of);
	c->frame_blocks = (struct frame_block *)(base + p.frame_blocks);
	c->nr_frame_blocks = p.nr_frame_blocks;
	c->used_frame_blocks = 1; /* 0 is none */
	c->nr_frames = config->frames_end >> PAGE_SHIFT;
	c->unused_moved_from = (desc_t *)(base + p.moved_from);
	c->end_moved_from = c->unused_moved_from + (uint64_t)p.nr_moved_from * PTRS_PER_TABLE;
	return c;
}

/* --- events -------------------------------------------------------------------------------- */

void checker_adopt(struct checker *c, uint64_t root_pa)
{
	c->event = NULL;
	table_attach(c, root_pa, 0, LEVEL_ROOT, -1UL << VA_BITS);
	groups_judge(c, -1);
	c->stats.changes = 0;
}

static void dsb_stores(struct checker *c, struct check_cpu *cpu, unsigned id)
{
	cpu->barriers++;
	cpu->want_isb |= cpu->want_dsb;
	cpu->want_dsb = false;
	if (c->stats.stale)
		stale_stores_completed(c, id);
	if (c->touched)
		groups_judge(c, (int)id);
}

static void dsb(struct checker *c, struct check_cpu *cpu, unsigned id)
{
	dsb_stores(c, cpu, id);
	cpu->want_isb |= cpu->want_tlbi_dsb;
	cpu->want_tlbi_dsb = false;
	if (c->stats.stale)
		stale_tlbis_completed(c, id);
	if (c->unlinked)
		tables_retire(c);
}

/* What the CPU did is complete and known to itself: where a lock is dropped, and at rest. */
static void check_complete(struct checker *c, struct check_cpu *cpu, unsigned id, const char *where)
{
	if (cpu->want_dsb || cpu->want_tlbi_dsb)
		check_report(c, RULE_NO_DSB, 0, 0, "no DSB on CPU %u after the last %s %s", id,
			     cpu->want_dsb ? "change" : "TLBI", where);
	else if (cpu->want_isb)
		check_report(c, RULE_NO_ISB, 0, 0, "no ISB on CPU %u after the last change %s", id,
			     where);
}

static void table_allocated(struct checker *c, const struct mm_event *e)
{
	struct table *t = table_find(c, e->address);

	if (t && t->state != TABLE_DETACHED) {
		check_report(c, RULE_LINK_USED, t->va, t->level,
			     "0x%lx: page 0x%lx of a table is allocated once more", t->va, t->pa);
		return;
	}
	if (!t)
		t = table_new(c, ALIGN_DOWN(e->address, PAGE_SIZE));
	if (!t)
		return;
	t->stored_cpu = (uint8_t)e->cpu;
	t->stored = c->cpus[e->cpu].barriers;
	t->fresh = true;
	memset(t->slots, 0, sizeof(t->slots));
}

static void frames_go(struct checker *c, const struct mm_event *e)
{
	tables_freed(c, e->address, e->new);
	frames_freed(c, e->address, e->new);
	if (c->stats.stale)
		stale_frames_freed(c, e->address, e->new);
}

static void root_set(struct checker *c, const struct mm_event *e)
{
	const struct table *t = table_find(c, desc_addr(e->new));

	if (!t || t->state != TABLE_LIVE || t->link)
		check_report(c, RULE_LINK_USED, 0, LEVEL_ROOT,
			     "TTBR1 of CPU %u is 0x%lx, which is no root that is followed", e->cpu,
			     e->new);
	c->cpus[e->cpu].want_isb = true;
}

static void other_event(struct checker *c, const struct mm_event *e)
{
	struct check_cpu *cpu = &c->cpus[e->cpu];

	switch (e->kind) {
	case EVENT_TABLE_ALLOC:
		table_allocated(c, e);
		break;
	case EVENT_TABLE_FREE:
		tables_freed(c, e->address, PAGE_SIZE);
		break;
	case EVENT_UNLOCK:
		check_complete(c, cpu, e->cpu, "before the lock is dropped");
		cpu->want_dsb = cpu->want_tlbi_dsb = cpu->want_isb = false;
		break;
	case EVENT_TTBR1:
		root_set(c, e);
		break;
	case EVENT_TCR:
		c->flag_setters -= cpu->sets_flag;
		cpu->sets_flag = e->new &TCR_HA;
		c->flag_setters += cpu->sets_flag;
		cpu->want_isb = true;
		break;
	case EVENT_SCTLR:
		cpu->want_isb = true;
		break;
	case EVENT_FREE:
		frames_go(c, e);
		break;
	case EVENT_BBM:
		c->config.bbm_level = (unsigned)e->new;
		break;
	case EVENT_LAZY:
		c->config.lazy_purge = e->new;
		break;
	case EVENT_REUSE:
		if (stale_in_range(c, e->address, e->new, STALE_FOR_OWNER))
			check_report(c, RULE_VA_REUSED, e->address, 0,
				     "0x%lx: given out before its old translation is gone",
				     e->address);
		break;
	default:
		break;
	}
}

void checker_event(struct checker *c, const struct mm_event *e)
{
	struct check_cpu *cpu;

	c->event = e;
	if (e->cpu >= CHECK_CPUS) {
		check_report(c, RULE_NONE, 0, 0, "CPU %u: %u CPUs are followed", e->cpu,
			     CHECK_CPUS);
		return;
	}
	cpu = &c->cpus[e->cpu];
	c->heard_cpus += !cpu->heard;
	cpu->heard = true;
	if (e->kind == EVENT_STORE || e->kind == EVENT_CAS) {
		table_store(c, e);
		return;
	}
	cpu->last_store = 0;
	switch (e->kind) {
	case EVENT_DMB_ISHST:
		cpu->barriers++;
		break;
	case EVENT_DSB_ISHST:
		dsb_stores(c, cpu, e->cpu);
		break;
	case EVENT_DSB_ISH:
		dsb(c, cpu, e->cpu);
		break;
	case EVENT_ISB:
		cpu->want_isb = false;
		break;
	case EVENT_TLBI_VAALE1IS:
	case EVENT_TLBI_VAAE1IS:
		cpu->want_tlbi_dsb = true;
		stale_tlbi(c, e->cpu, e->new, e->kind == EVENT_TLBI_VAAE1IS);
		break;
	case EVENT_TLBI_RVAALE1IS:
	case EVENT_TLBI_RVAAE1IS:
		cpu->want_tlbi_dsb = true;
		stale_tlbi_range(c, e->cpu, e->new, e->kind == EVENT_TLBI_RVAAE1IS);
		break;
	case EVENT_TLBI_VMALLE1IS:
		cpu->want_tlbi_dsb = true;
		stale_tlbi_all(c, e->cpu);
		break;
	default:
		other_event(c, e);
	}
}

/* --- what may be asked --------------------------------------------------------------------- */

unsigned checker_reports(const struct checker *c)
{
	return c->reports;
}

static void check_memory(struct checker *c, const struct table *t)
{
	const desc_t *memory = c->config.table_at(c->config.context, t->pa);

	if (!memory || !memcmp(t->shadow, memory, PAGE_SIZE))
		return;
	for (uint64_t i = 0; i < PTRS_PER_TABLE; i++) {
		desc_t d = slot_is_live(t, i) ? t->shadow[i] : 0;

		if (memory[i] == d || !((memory[i] | d) & DESC_VALID) ||
		    check_is_flag_update(c, d, memory[i], t->level))
			continue;
		check_report(c, RULE_DOOR, slot_va(t, i), t->level,
			     "0x%lx: table of level %d written behind the door: 0x%lx, not 0x%lx",
			     slot_va(t, i), t->level, memory[i], d);
		return;
	}
}

bool checker_quiet(struct checker *c)
{
	unsigned before = c->reports;

	c->event = NULL;
	if (c->stats.stale)
		stale_report(c);
	for (unsigned id = 0; id < CHECK_CPUS; id++)
		check_complete(c, &c->cpus[id], id, "of a call");
	groups_judge(c, -1);
	for (uint32_t i = 0; i < c->used_tables; i++)
		if (c->tables[i].state == TABLE_LIVE)
			check_memory(c, &c->tables[i]);
	return c->reports == before;
}

void checker_forgive(struct checker *c)
{
	stale_forget(c);
	tables_retire(c);
	for (unsigned id = 0; id < CHECK_CPUS; id++)
		c->cpus[id].want_dsb = c->cpus[id].want_tlbi_dsb = c->cpus[id].want_isb = false;
	c->reports = 0;
}

static struct checker_table describe(const struct table *t)
{
	return (struct checker_table){ t->pa, t->va, t->level, t->valid };
}

struct checker_table checker_table(const struct checker *c, uint64_t pa)
{
	const struct table *t = table_find(c, pa);

	return t && t->state == TABLE_LIVE ? describe(t) : (struct checker_table){ 0 };
}

void checker_each_table(const struct checker *c,
			void (*visit)(void *context, const struct checker_table *table),
			void *context)
{
	for (uint32_t i = 0; i < c->used_tables; i++) {
		struct checker_table table = describe(&c->tables[i]);

		if (c->tables[i].state == TABLE_LIVE)
			visit(context, &table);
	}
}

const struct checker_stats *checker_stats(const struct checker *c)
{
	return &c->stats;
}
