// SPDX-License-Identifier: MIT
/*
 * A hostile MMU behind the one door: memory in which walkers see descriptor stores late and
 * in any order that barriers leave open, and CPUs whose TLBs and walk caches take in at any
 * moment whatever is visible and keep it until a TLBI has completed. One seed decides all of
 * it. An oracle says what software may rely on; every access that it allows has to give the
 * one right answer whatever the MMU chose, and every other has to fault.
 *
 * What an adversary may do is what the Arm ARM (DDI 0487) leaves open:
 *   stores       order and delay but for one location, DMB and DSB (B2.3, D8.2.5)
 *   TLB          any valid descriptor, at any time, no invalid one (rule XCLRD); a block or a
 *                contiguous group whole or in parts, its address from any member (D8.7.1)
 *   TLBI         takes effect at any time up to the DSB ISH of its CPU, on each CPU and entry
 *                apart; what was read after it was issued stays (D8.16.5)
 *   ISB          an access of the CPU that changed a translation may have begun before (rule WZCBG)
 *   access flag  no descriptor without it is cached (D8.5.1); with TCR_EL1.HA a walker sets it at
 *                any moment, atomically, without it an access faults
 *   address      two translations of one address on whatever CPUs may differ in it only if
 *                neither is writable and the frames hold the same (D8.16.1, rule WHZWS)
 *   groups       an access that walks to a contiguous group whose members differ may end in
 *                anything (D8.7.1); permissions of a live leaf may change, old or new holds
 *
 * The C code of mm/ runs sequentially: calls do not overlap, but at each door event of one
 * CPU's call the others access what is mapped, and walkers run.
 */
#pragma once

#include "mm/arm64/pgtable.h"
#include "tests/host/arena.h"

#define HOSTILE_CPUS 4

/* Instructions that the model does not hear: what dropping or narrowing them would do. */
enum hostile_deaf {
	DEAF_NONE,
	DEAF_DMB,
	DEAF_DSB_ISHST,
	DEAF_DSB_ISH, /* it completes neither stores nor TLBIs */
	DEAF_ISB,
	DEAF_TLBI,	 /* one in eight is lost */
	DEAF_ALL_LEVELS, /* the all-levels form is taken for the last-level one */
	DEAF_VMALLE1,	 /* "everything" reaches the issuing CPU alone */
	DEAF_BROADCAST,	 /* so does each TLBI */
	DEAF_EARLY, /* DSB ISH: over before its TLBIs are, as the workaround's errata have it */
	DEAF_HOLD,  /* stop_others() holds nobody */
	DEAF_KINDS,
};

struct hostile {
	unsigned cpus, cpu; /* simulated ones; the one whose call runs */
	enum hostile_deaf deaf;
	uint64_t random;  /* state of the PRNG */
	uint64_t now;	  /* door events so far: time */
	uint64_t act_at;  /* the adversary's next move */
	uint64_t choices; /* its moves and looks at what software may access */
	uint64_t calls;	  /* public ones */
	uint64_t walks, fills, late_stores, accesses; /* among the choices */
	uint64_t digest;
	uint64_t isb_at[HOSTILE_CPUS];	/* last ISB */
	uint64_t tlbi_at[HOSTILE_CPUS]; /* DSB ISH that completed TLBIs */
	bool in_call;			/* this CPU's ISB is still to come, maybe */
	bool sets_flag;			/* TCR_EL1.HA, of every CPU */
	bool first;			/* and one is there before each compare-and-swap */
	bool bbm2;			/* FEAT_BBM, level 2 */
	bool held;			/* between stop_others() and resume_others() */
	bool failed;
	uint64_t failed_at; /* events and choices until then */
	char failure[240];
};
extern struct hostile hostile;

static __always_inline uint64_t hostile_steps(void)
{
	return hostile.now + hostile.choices;
}

/* xorshift64*: 0 <= result < @below < 2^32. */
static __always_inline uint64_t hostile_pick(uint32_t below)
{
	uint64_t x = hostile.random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	hostile.random = x;
	return (x * 0x2545f4914f6cdd1dUL >> 32) * below >> 32;
}

/* 64 bits of it; below 2^63. */
static __always_inline uint64_t hostile_pick_long(uint64_t below)
{
	return (hostile_pick(1u << 31) << 31 | hostile_pick(1u << 31)) % below;
}

static __always_inline void hostile_note(uint64_t what)
{
	hostile.digest = (hostile.digest ^ what) * 0x100000001b3UL;
}

/* The property does not hold. The first time counts. */
__attribute__((format(printf, 1, 2))) void hostile_fail(const char *fmt, ...);

/* Once: reserves the walkers' view of the arena. */
void hostile_init(void);

/* Starts a run: everything that follows depends on @seed and the calls alone. */
void hostile_start(uint64_t seed, unsigned cpus, enum hostile_deaf deaf);

/* A public call begins on a random CPU, in a random mood of the adversary. */
void hostile_begin_call(void);

/* --- memory (hostile-memory.c) ------------------------------------------------------------ */

/* The root, which is no page of the arena, has the address behind it. */
#define ROOT_PA ARENA_END

/* What walkers see at a physical address, and when and by whom it was stored there. */
#define WALKER_VIEW  ((desc_t *)0x280000000000UL)
#define WALKER_STAMP ((uint64_t *)0x2a0000000000UL)

#define STAMP_PENDING (1UL << 63) /* a younger value waits in a store buffer */
#define STAMP_TIME(s) (((s) & ~STAMP_PENDING) >> 8)
#define STAMP_CPU(s)  ((s)&0xff)

/* Of each page of the arena, by number, and of the root. */
extern uint8_t *page_state;
enum {
	PAGE_USED = 1,	    /* held descriptors once */
	PAGE_TABLE = 2,	    /* was stored to through the door since it was allocated */
	PAGE_REACHABLE = 4, /* and a walker has been there */
};

static __always_inline bool memory_is_table(uint64_t pa)
{
	return pa <= ROOT_PA && page_state[pa >> PAGE_SHIFT] & PAGE_TABLE;
}

/* A program whose own view of memory follows the tables has one (hostile-live.c). */
__attribute__((weak)) void hostile_stored(uint64_t pa, desc_t value);

/* Walkers see the tables of the vmemmap as they are in memory: boot's, filled before the MMU was
 * on. */
void hostile_adopt(void);

/* Lets a few stores of @cpu that wait become visible. */
void memory_drain_some(unsigned cpu);

void memory_start(void);

/* Where a reachable table's first slot is; told by walks, used to know what is stored to. */
void memory_table_seen(uint64_t pa, uint64_t va, int level);

/* Addresses whose descriptors the current call has stored to so far; lo >= hi: none. */
extern uint64_t stored_lo, stored_hi;

/*
 * An access meets a group: whichever member it came by, their permissions must agree. In whatever
 * else they differ, a TLB has an entry for the group that shows it.
 * @index: of the group's member in WALKER_VIEW.
 */
void memory_check_group(unsigned cpu, uint64_t va, uint64_t index, int level);

/* --- TLBs (hostile-tlb.c) ----------------------------------------------------------------- */

/* What software may expect of an address. */
struct answer {
	bool mapped;
	uint64_t pa; /* of its page */
	pgprot_t prot;
	pgprot_t either; /* or this, while a call changes it; 0: no call does */
	/* What is read there, whatever the frame; NULL: pa alone says what is right. */
	const void *contents;
	bool any_pa; /* a call is about to change it */
};

void tlb_start(void);

/* The walker of @cpu looks at @va, from anywhere that it has cached, and caches what it finds. */
void tlb_speculate(unsigned cpu, uint64_t va);

/*
 * Any one way in which @cpu may translate the page of @va now: an entry, or the walk from the root,
 * which takes place. Not mapped: it faults.
 */
struct answer tlb_translate(unsigned cpu, uint64_t va);

/* A page that an entry of @cpu translates; 0: the one that was looked at is empty. */
uint64_t tlb_address(unsigned cpu);

/* A walker sets the access flag of a valid descriptor, at @index in WALKER_VIEW. */
void tlb_set_flag(uint64_t index);

/* Drops any one entry. */
void tlb_evict(unsigned cpu);

/* An access of @cpu to the page of @va: each way to translate it must give @want. */
void tlb_access(unsigned cpu, uint64_t va, const struct answer *want);

/*
 * Each entry of every CPU that covers addresses of [lo, hi), and some others, against the
 * oracle.
 */
void tlb_audit(uint64_t lo, uint64_t hi);

/* A page goes back to the allocator: no walker may lead there. */
void tlb_page_freed(uint64_t pa);

/* --- oracle (hostile-oracle.c) ------------------------------------------------------------ */

/* false: software may not access @va now (it is being mapped or unmapped). */
bool oracle_answer(uint64_t va, struct answer *answer);

/* An address for a walker to try. */
uint64_t oracle_target(void);

/* An address that is mapped and stays so; 0: none. */
uint64_t oracle_mapped_address(void);
