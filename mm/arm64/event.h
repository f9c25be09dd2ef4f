// SPDX-License-Identifier: MIT
/*
 * What passes through the one door, as events, for whoever checks or records: Image.check and
 * host programs. In Image nothing of this is compiled.
 *
 * Order: events are told one at a time, in the order in which they take effect: a store, its
 * event and nothing else in between. So the old value is the one that the store replaced.
 */
#pragma once

#include "mm/arm64/pgtable.h"

/* The numbers and names are those of the trace format (docs/checking.md): never reused. */
enum mm_event_kind {
	EVENT_STORE = 1,     /* address: PA of the descriptor; old, new: its values */
	EVENT_DMB_ISHST = 2, /* orders stores */
	EVENT_DSB_ISHST = 3, /* completes stores */
	EVENT_DSB_ISH = 4,   /* completes stores and TLBIs, on every CPU */
	EVENT_ISB = 5,
	EVENT_TLBI_VAALE1IS = 6, /* new: operand */
	EVENT_TLBI_VAAE1IS = 7,	 /* new: operand */
	EVENT_TLBI_VMALLE1IS = 8,
	EVENT_TABLE_ALLOC =
		9, /* address: PA of the page, new: level of the table to be, root in old */
	EVENT_TABLE_FREE = 10, /* address: PA of the page */
	EVENT_LOCK = 11,       /* the page-table lock, after it was taken */
	EVENT_UNLOCK = 12,     /* before it is dropped: what the holder changed is complete */
	EVENT_TTBR1 = 13,      /* new: value; also once for what boot had set */
	EVENT_TCR = 14,
	EVENT_SCTLR = 15,
	EVENT_FREE = 16,  /* address: PA, new: bytes: frames go back to the page allocator */
	EVENT_REUSE = 17, /* address: VA, new: bytes: addresses are given out */
	EVENT_KINDS = 18,
};

struct mm_event {
	uint8_t kind; /* enum mm_event_kind */
	uint16_t cpu; /* its place in /cpus; on the host 0, or the simulated one */
	uint64_t address, old, new;
	uint64_t site; /* PC of who did it, 0 if not known */
};
