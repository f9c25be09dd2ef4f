// SPDX-License-Identifier: MIT
/*
 * What is mapped by public calls that have returned, as software knows it: the judge of the
 * hostile MMU, which shares no code with what it judges.
 */
#pragma once

#include "mm/map/map.h"
#include "tests/host/hostile.h"

#define LIVE_MAX 48

enum hostile_kind { BY_RANGE, BY_PAGES, BY_BLOCKS };
enum hostile_owner { OWNER_VMALLOC, OWNER_VMAP, OWNER_RAM, OWNER_IOREMAP, OWNER_ENGINE };

/* Permissions of [va, end), as map_protect() changes them. */
struct change {
	uint64_t va, end;
	desc_t set, clear;
};
#define CHANGES_MAX 6

/* One mapping, live. */
struct mapping {
	uint64_t va, pages; /* how many */
	enum hostile_owner owner;
	enum hostile_kind kind;
	unsigned order;		   /* BY_BLOCKS */
	uint64_t pa;		   /* BY_RANGE */
	struct page *const *array; /* BY_PAGES, BY_BLOCKS: first pages */
	pgprot_t prot;
	const void *handle; /* what the call returned; OWNER_ENGINE: nothing */
	bool divisible;	    /* parts of it may be unmapped */
	bool lasting;
	struct page **frees; /* the array, where it is the program's */
	unsigned nr_changes; /* of its permissions, in their order */
	struct change changes[CHANGES_MAX];
};

/* Sorted by address. */
extern struct mapping live[LIVE_MAX];
extern unsigned nr_live;

void oracle_start(void);

/* A call that maps has returned. */
void oracle_add(const struct mapping *m);

/* Software gives up [va, end) of live[@at], a front, a back or all of it; then it unmaps. */
void oracle_give_up(unsigned at, uint64_t va, uint64_t end);

/*
 * A call that changes permissions begins. Until it has returned either the old ones or the new
 * hold, and what is or becomes invalid may not be accessed.
 */
void oracle_change(const struct change *change);

/* It has returned, and changed live[@at]. */
void oracle_changed(unsigned at);

/* The unmapping call has returned. */
void oracle_unmapped(void);

/* With flush=lazy it has, and until a purge nobody knows what [va, end) translates to. */
void oracle_unmapped_lazily(uint64_t va, uint64_t end);

/* There was a purge, in a call that has returned: all that waited for it is gone. */
void oracle_purged(void);

/* The call that runs is about these addresses, for walkers to try. */
void oracle_current(uint64_t va, uint64_t end);

/* Bytes from @va on that are free; 0: mapped. At most @most. */
uint64_t oracle_free_bytes(uint64_t va, uint64_t most);

/* After a call about [@va, @end): every CPU, what is cached and what is in memory. */
void oracle_check(uint64_t va, uint64_t end);
