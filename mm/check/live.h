// SPDX-License-Identifier: MIT
/*
 * The checker at work in Image.check: it hears every event of the one door from the end of boot
 * on, keeps the last ones, and ends the run with a report at the first broken rule. In Image
 * nothing of this is compiled but the questions, which are then answered with no.
 */
#pragma once

#include "mm/check/check.h"

/* Events that a report shows, the one at which it was noticed last. */
#define LIVE_EVENTS 64

/*
 * Takes a report, and returns. Called with IRQs masked and perhaps with locks held, the events'
 * lock in any case: it takes none, the log's neither. Not through the door.
 */
typedef void check_complaint_fn(const struct check_report *report);

#ifdef CHECKED
/*
 * What happens to reports from here on. NULL (the default): the first is printed and the run ends
 * by panic. A test breaks rules on purpose, in tables of its own, and takes them.
 */
void live_check_take(check_complaint_fn *complaint);

/*
 * From here on every event is checked. @config but for its report(); @memory as for
 * checker_init(); @root_pa: the root of TTBR1, whose tables are taken as given. @trace: each
 * event is printed, between two markers, in the format of mm/check/trace.h.
 * Boot CPU, once, no other CPU is on; after boot's tables are made. False: @memory is too small.
 */
bool live_check_start(const struct checker_config *config, void *memory, uint64_t bytes,
		      uint64_t root_pa, bool trace);

/* The trace's last line, where there is a trace. The run is over, the other CPUs are idle. */
void live_check_end(void);

/* Whether nothing stale or incomplete is left, groups are whole. Between public calls. */
bool live_check_quiet(void);

/*
 * Reports of the rules in @rules (a bit each, 1 << RULE_GROUP) are not made from here on: a test
 * breaks them on purpose. 0: all are made again.
 */
void live_check_allow(uint32_t rules);
#else
static inline void live_check_take(check_complaint_fn *complaint)
{
	(void)complaint;
}

static inline void live_check_allow(uint32_t rules)
{
	(void)rules;
}

static inline bool live_check_quiet(void)
{
	return true;
}

static inline void live_check_end(void)
{
}
#endif
