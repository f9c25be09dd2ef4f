// SPDX-License-Identifier: MIT
/*
 * `crash=`: ends the run on purpose, so that whoever watches runs (the runner, a board
 * farm, a person with a new board) can see what each kind of end looks like.
 */
#include "boot/crash.h"

#include "drivers/smp/cpus.h"
#include "drivers/smp/hang.h"
#include "lib/arm64/cpu.h"
#include "lib/log.h"
#include "lib/cmdline/cmdline.h"
#include "lib/panic.h"
#include "mm/areas/vmalloc.h"
#include "mm/arm64/door.h"
#include "mm/map/view/walk.h"

enum crash {
	CRASH_NONE,
	CRASH_PANIC,
	CRASH_PANIC_EVERYWHERE,
	CRASH_NULL,
	CRASH_STACK,
	CRASH_UNDEFINED,
	CRASH_RULE,
	CRASH_HANG,
	CRASH_HANG_MASKED,
	CRASH_HANG_ELSEWHERE,
};

static const char *const kinds[] = { "none",	       "panic", "panic-everywhere",
				     "null",	       "stack", "undefined",
				     "rule",	       "hang",	"hang-masked",
				     "hang-elsewhere", NULL };
static unsigned crash;

OPTION_CHOICE(
	crash, "crash", &crash, kinds,
	"=panic[-everywhere]|null|stack|undefined|rule|hang[-masked|-elsewhere]  end that way, "
	"on purpose");

/* Each level takes room, and no call is the last: the guard page below the stack is reached. */
static noinline unsigned recurse(unsigned depth)
{
	volatile char room[512];

	room[depth % sizeof(room)] = (char)depth;
	if (depth == UINT32_MAX)
		return 0;
	return recurse(depth + 1) + (unsigned)room[depth % sizeof(room)];
}

/* No YIELD: under icount that would take the detector minutes. */
_Noreturn static void hang(void)
{
	for (;;)
		asm volatile("");
}

static void hang_here(void *arg)
{
	(void)arg;
	hang();
}

static void panic_here(void *arg)
{
	(void)arg;
	panic("crash_if_asked: crash=panic-everywhere");
}

/* The address of a live mapping changes, and nobody breaks it before: Image.check ends here. */
static noinline void break_rule(void)
{
	void *area = vmalloc(PAGE_SIZE);
	desc_t *slot = area ? walk_slot((uint64_t)area, LEVEL_PTE) : NULL;

	if (slot)
		set_desc(slot, get_desc(slot) ^ PAGE_SIZE);
}

/* On the last CPU, or here if there is no other. */
static void hang_elsewhere(void)
{
	unsigned cpu = nr_cpus - 1;

	work_on_cpu(cpu_online(cpu) ? cpu : boot_cpu, hang_here, NULL);
}

bool crash_needs_checker(void)
{
	return crash == CRASH_RULE;
}

void crash_if_asked(void)
{
	if (crash >= CRASH_HANG || crash == CRASH_PANIC_EVERYWHERE)
		cpus_up(NR_CPUS);
	hang_watch("crash=");
	switch (crash) {
	case CRASH_PANIC:
		panic("crash_if_asked: crash=panic");
	case CRASH_PANIC_EVERYWHERE:
		work_on_each_cpu(panic_here, NULL);
		break;
	case CRASH_NULL:
		*(volatile int *)NULL = 1;
		break;
	case CRASH_STACK:
		log_printf("recursed %u times\n", recurse(0));
		break;
	case CRASH_UNDEFINED:
		asm volatile("udf #0");
		break;
	case CRASH_RULE:
		break_rule();
		break;
	case CRASH_HANG:
		hang();
	case CRASH_HANG_MASKED:
		local_irq_save();
		hang();
	case CRASH_HANG_ELSEWHERE:
		hang_elsewhere();
		break;
	}
	hang_unwatch();
}
