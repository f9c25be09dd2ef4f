// SPDX-License-Identifier: MIT
/*
 * The part of the oracle that is about struct pages: addresses outside of vmalloc that are mapped
 * for every CPU at all times. Other CPUs read them at any door event, through whatever they have
 * cached, and must find what a private copy holds; they write to what they may write to. No call
 * may make an access fault, unless the other CPUs are held.
 */
#pragma once

#include "tests/host/hostile.h"

#define VMEMMAP_PAGES_MAX 256

/* Who writes to a page while no call is about it, and while one is. */
enum vmemmap_writers {
	READ_ALONE,   /* nobody: tails */
	WRITE_ALWAYS, /* anybody at any time: heads; it may never fault */
	WRITE_SAME,   /* likewise, what is there: references that come and go */
	WRITE_IF_MAY, /* anybody whose translation lets him */
};

/*
 * Watches [@va, @va + @pages pages), which is mapped and may be read: what is there now is what
 * has to be read from here on. 0 pages: nothing is watched any more.
 */
void vmemmap_watch(uint64_t va, unsigned pages);

void vmemmap_set_writers(unsigned first, unsigned pages, enum vmemmap_writers writers);

/* The page begins with a head, to which calls write as well: it stays in the frame that it has. */
void vmemmap_set_head(unsigned page);

/*
 * A call begins that may change the frames of the pages, and their permissions to @prot or back.
 * vmemmap_changed(): it has returned; what the tables say now is what holds. A frame that several
 * pages share may not be writable by any of them.
 */
void vmemmap_changing(unsigned first, unsigned pages, pgprot_t prot);
void vmemmap_changed(unsigned first, unsigned pages);

/* After a call: what is cached, and accesses of every CPU. */
void vmemmap_check(void);

/* --- for the oracle and the model --------------------------------------------------------- */

/* false: it is not watched. */
bool vmemmap_answer(uint64_t va, struct answer *answer);

/* Struct pages that nobody looks at here, when others are watched. */
bool vmemmap_is_elsewhere(uint64_t va);

/* A page of what is watched, now and then; 0: somewhere else. */
uint64_t vmemmap_address(void);

/* Whether the frame holds it. */
bool vmemmap_holds(uint64_t pa, const void *contents);

/* @cpu stores a word to the page of @va, by one of the translations that it has. */
void vmemmap_write(unsigned cpu, uint64_t va);

/* Frames are free: somebody else writes to them. */
void vmemmap_frame_freed(uint64_t pa);
