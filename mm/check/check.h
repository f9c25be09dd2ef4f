// SPDX-License-Identifier: MIT
/*
 * The checker: follows every descriptor from the root through each store, barrier and TLBI,
 * knows what a TLB or a walk cache may still hold, and says which rule of the Arm ARM is broken.
 * One source for Image.check, host tests and the replayer; no allocation of its own.
 *
 * Not reentrant: the caller tells one event at a time (mm/arm64/event.h).
 */
#pragma once

#include "mm/arm64/event.h"

struct checker;

/* The rules; each has a name for people and the section that it comes from. */
enum check_rule {
	RULE_NONE,
	/* A live entry's output address changes without break, and one of the two is writable, the
	   frames do not hold the same, or something older may be cached. */
	RULE_BBM_ADDRESS,
	RULE_BBM_SIZE,	  /* ... its size: block to table or back, contiguous bit */
	RULE_BBM_TYPE,	  /* ... its memory type or shareability */
	RULE_GROUP,	  /* contiguous group not whole, not aligned or not equal */
	RULE_LEVEL,	  /* a leaf where none may be, or a reserved encoding */
	RULE_ALIGNMENT,	  /* output address not aligned to what the entry maps */
	RULE_ATTRIBUTES,  /* bits that no mapping of ours has */
	RULE_LINK_ORDER,  /* table linked before its contents, or without the barrier between */
	RULE_LINK_USED,	  /* table linked twice, or one that was not allocated */
	RULE_TABLE_FREED, /* table freed while a walker or a walk cache leads to it */
	RULE_VA_REUSED,	  /* valid again before what was cached of it is gone */
	RULE_NO_DSB,	  /* a change is not complete where it has to be */
	RULE_NO_ISB,
	RULE_TLBI_EARLY,  /* TLBI before the store it is for has completed */
	RULE_TLBI_SCOPE,  /* TLBI that does not cover what changed, or a bad operand */
	RULE_MAP_COUNT,	  /* a frame's count of mappings is negative, or not zero at free */
	RULE_MEMORY_TYPE, /* two memory types for one frame */
	RULE_PAST_TABLE,  /* store past the object: beyond the table's last slot */
	RULE_ACCESS_FLAG, /* store that a walker's update of the access flag may come before */
	RULE_DOOR,	  /* a live table was written by somebody else than the door */
	RULE_COUNT,
};

struct check_rule_text {
	const char *name;    /* "break-before-make: output address" */
	const char *section; /* "Arm ARM DDI 0487, D8.16.1" */
};
extern const struct check_rule_text check_rules[RULE_COUNT];

struct check_report {
	enum check_rule rule;
	struct mm_event event; /* at which it was noticed */
	uint64_t va;	       /* what it is about, where there is one */
	int level;
	char text[160]; /* what is wrong, in one line */
};

struct checker_config {
	/* Contents of the table page at @pa, as a walker would read it; NULL: no such memory. */
	const desc_t *(*table_at)(void *context, uint64_t pa);
	/*
	 * Contents of the frame at @pa now, PAGE_SIZE bytes; NULL: no memory. Without this callback
	 * what frames hold is known to nobody, and taken to be what the rules ask for.
	 */
	const void *(*memory_at)(void *context, uint64_t pa);
	/* A rule is broken. May print; may not return into the checker. */
	void (*report)(void *context, const struct check_report *report);
	void *context;
	uint64_t frames_end; /* PA past the last frame whose mappings are counted at free */
	/* Blocks of the leaf sizes, and pages past frames_end, that may be mapped at once; 0: some.
	 */
	unsigned regions;
	/* PMD-sized parts of memory below frames_end that may have mapped pages at once; 0: all. */
	unsigned frame_blocks;
	unsigned bbm_level; /* FEAT_BBM: 0, or 2: sizes may change in a live entry; EVENT_BBM */
	bool lazy_purge;    /* Normal write-back frames may be freed with stale translations;
			       EVENT_LAZY */
};

/* Bytes of memory that checker_init() wants for @config; more lets it follow more tables. */
uint64_t checker_memory(const struct checker_config *config, unsigned tables);

/*
 * Builds a checker in @memory (aligned to 64). NULL: too small. What the checker does not come to
 * use of it, it does not touch either: it may be sized for the worst case.
 */
struct checker *checker_init(const struct checker_config *config, void *memory, uint64_t bytes);

/* Takes what is linked from @root_pa as given and complete: boot's tables. Root of TTBR1. */
void checker_adopt(struct checker *checker, uint64_t root_pa);

void checker_event(struct checker *checker, const struct mm_event *event);

/* Reports that were made. Out of memory for its own records counts as one, named. */
unsigned checker_reports(const struct checker *checker);

/*
 * To be asked between public calls: nothing stale or incomplete is left, memory is as the
 * door left it. What is not is reported, each time. Returns whether there was nothing.
 */
bool checker_quiet(struct checker *checker);

/* Forgets reports and all that is stale or incomplete; what is linked stays. */
void checker_forgive(struct checker *checker);

/* A table that a walker can reach; pa is 0 if there is none. */
struct checker_table {
	uint64_t pa, va; /* va: of the first slot */
	int level;
	unsigned valid; /* descriptors */
};

/* The live table in the page at @pa. */
struct checker_table checker_table(const struct checker *checker, uint64_t pa);

/* Calls @visit for each table that a walker can reach, the root among them. */
void checker_each_table(const struct checker *checker,
			void (*visit)(void *context, const struct checker_table *table),
			void *context);

struct checker_stats {
	uint64_t mapped_bytes;
	unsigned tables;      /* that a walker can reach, the root not counted */
	uint64_t live_stores; /* to tables that a walker can reach */
	uint64_t changes;     /* live stores that changed something, and valid leaves linked in */
	uint64_t stale;	      /* translations that a TLB or a walk cache may hold wrongly now */
};
const struct checker_stats *checker_stats(const struct checker *checker);
