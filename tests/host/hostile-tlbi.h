// SPDX-License-Identifier: MIT
/*
 * Between the hostile MMU's memory, which sees the door's events, and its TLBs.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Nothing was issued. */
void tlbi_start(void);

enum tlbi_kind { TLBI_LAST_LEVEL, TLBI_ALL_LEVELS, TLBI_EVERYTHING };

/* The current CPU issues one, now. Until it completes it may have had an effect or none. */
void tlbi_issue(enum tlbi_kind kind, uint64_t operand);

/* The same for a range (D8.16.5), as one instruction; of another granule it has no effect. */
void tlbi_issue_range(enum tlbi_kind kind, uint64_t operand);

/*
 * DSB ISH of @cpu: its TLBIs take effect. Returns whether there were any. @early: an affected core
 * may call them complete now, and they are when another TLBI and DSB ISH have followed.
 */
bool tlbi_complete(unsigned cpu, bool early);
