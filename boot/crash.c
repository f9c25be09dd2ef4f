// SPDX-License-Identifier: MIT
/*
 * `crash=`: ends the run on purpose, so that whoever watches runs (the runner, a board
 * farm, a person with a new board) can see what each kind of end looks like.
 */
#include "boot/crash.h"

#include "lib/log.h"
#include "lib/cmdline/cmdline.h"
#include "lib/panic.h"

enum crash { CRASH_NONE, CRASH_PANIC, CRASH_NULL, CRASH_STACK, CRASH_UNDEFINED, CRASH_HANG };

static const char *const kinds[] = { "none", "panic", "null", "stack", "undefined", "hang", NULL };
static unsigned crash;

OPTION_CHOICE(crash, "crash", &crash, kinds,
	      "=panic|null|stack|undefined|hang  end that way, on purpose");

/* Each level takes room, and no call is the last: the guard page below the stack is reached. */
static noinline unsigned recurse(unsigned depth)
{
	volatile char room[512];

	room[depth % sizeof(room)] = (char)depth;
	if (depth == UINT32_MAX)
		return 0;
	return recurse(depth + 1) + (unsigned)room[depth % sizeof(room)];
}

void crash_if_asked(void)
{
	switch (crash) {
	case CRASH_PANIC:
		panic("crash_if_asked: crash=panic");
	case CRASH_NULL:
		*(volatile int *)NULL = 1;
		break;
	case CRASH_STACK:
		log_printf("recursed %u times\n", recurse(0));
		break;
	case CRASH_UNDEFINED:
		asm volatile("udf #0");
		break;
	case CRASH_HANG:
		for (;;) /* no YIELD: under icount that would take the detector minutes */
			asm volatile("");
	}
}
