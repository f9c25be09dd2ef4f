// SPDX-License-Identifier: MIT
/*
 * What passes through the one door, as events, for whoever checks or records: Image.check and
 * host programs. In Image nothing of this is compiled.
 *
 * Order: events are told one at a time, in the order in which they take effect: a store, its
 * event and nothing else in between. So the old value is the one that the store replaced.
 */
#pragma once

#include "mm/arm64/layout.h"
#include "mm/arm64/pgtable.h"

/* The numbers and names are those of the trace format (docs/trace.md): never reused. */
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
	EVENT_TLBI_RVAALE1IS = 18, /* new: operand */
	EVENT_TLBI_RVAAE1IS = 19,  /* new: operand */
	EVENT_LAZY =
		20,	/* new: 1: RAM may be freed before its TLBI from here on; 0: not any more */
	EVENT_CAS = 21, /* a store by compare-and-swap that took place: as EVENT_STORE */
	EVENT_BBM = 22, /* new: level of FEAT_BBM that the CPUs have, 0 before */
	EVENT_KINDS = 23,
};

struct mm_event {
	uint8_t kind; /* enum mm_event_kind */
	uint16_t cpu; /* its place in /cpus; on the host 0, or the simulated one */
	uint64_t address, old, new;
	uint64_t site; /* PC of who did it, 0 if not known */
};

/*
 * Who is told, with IRQs masked and the events' lock held, on the CPU whose event it is: it may
 * take the log's lock and no other, and may not come back through the door. NULL: nobody.
 */
typedef void mm_event_listener(const struct mm_event *event);

#if defined(CHECKED)
/* From here on @listener is told. Boot CPU, once, no other CPU is on. MMU on. */
void mm_event_listen(mm_event_listener *listener);

/*
 * Between the two nobody else's events are told, and IRQs are masked; they nest. What they
 * enclose is one step to whoever is told, and cheaper than so many single events.
 * Any CPU, any context, MMU off too (when nobody is told yet).
 */
uint64_t mm_events_begin(void);
void mm_events_end(uint64_t irq);

/* Tells of one event. As above. */
void mm_event(enum mm_event_kind kind, uint64_t address, uint64_t old, uint64_t new, uint64_t site);

/* PA of memory that is mapped: what EVENT_STORE and EVENT_TABLE_ALLOC call a table by. */
uint64_t mm_event_address(const desc_t *slot);

static __always_inline desc_t mm_event_old(const desc_t *slot)
{
	return *(const volatile desc_t *)slot;
}

/* Where the caller, or what it is inlined into, is. */
static __always_inline uint64_t mm_event_site(void)
{
	uint64_t pc;

	asm volatile("adr %0, ." : "=r"(pc));
	return pc;
}

#define MM_EVENT(kind, address, old, new) mm_event(kind, address, old, new, mm_event_site())

#else
static __always_inline uint64_t mm_events_begin(void)
{
	return 0;
}

static __always_inline void mm_events_end(uint64_t irq)
{
	(void)irq;
}

static __always_inline desc_t mm_event_old(const desc_t *slot)
{
	(void)slot;
	return 0;
}

#if defined(HOST)
/* A host program that wants to be told links one. The stand-in for hw.h tells of the rest. */
__attribute__((weak)) void mm_event(enum mm_event_kind kind, uint64_t address, uint64_t old,
				    uint64_t new, uint64_t site);

/* In the arena; anything else has an address that is at least always the same. */
static __always_inline uint64_t mm_event_address(const desc_t *slot)
{
	return virt_to_phys(slot);
}

#define MM_EVENT(kind, address, old, new)                     \
	do {                                                  \
		if (mm_event)                                 \
			mm_event(kind, address, old, new, 0); \
	} while (0)

#else
static __always_inline uint64_t mm_event_address(const desc_t *slot)
{
	(void)slot;
	return 0;
}

/* What the arguments say compiles to nothing as well: they have no side effects. */
static __always_inline void MM_EVENT(enum mm_event_kind kind, uint64_t address, uint64_t old,
				     uint64_t new)
{
	(void)kind;
	(void)address;
	(void)old;
	(void)new;
}
#endif
#endif
