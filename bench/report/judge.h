// SPDX-License-Identifier: MIT
/*
 * What is demanded of figures: of the rung tlbed its targets, of the rungs that restate Linux
 * that they cost no more than Linux does, of the ladder that it leads from one to the other.
 */
#pragma once

#include "bench/records.h"
#include "bench/report/reference.h"

struct verdict {
	bool instructions, work; /* within their limits; a target is met by both */
};

/*
 * Whether @instructions and @work are within what @ref allows. @tlbi_twice: each batch of TLBIs
 * ends in one more, which is not held against it.
 */
struct verdict judge(const struct reference *ref, uint64_t instructions,
		     const struct door_counts *work, bool tlbi_twice);

/* Whether this run's instructions are what reference.c has: of the emulator, each counted. */
bool counts_as_linux_did(void);

/* What @r is held against. NULL: nothing, or its instructions are not counted as the target's. */
const struct reference *target_of(const struct result *r);

/* The verdict on a record that has a target. */
struct verdict judge_result(const struct result *r);

/* Whether @cost is at most 1.15 of what real Linux pays: a dearer rung is a straw man. */
bool is_fair(uint64_t cost, uint64_t real);

/*
 * Whether an end of the ladder is the rung that it has to be: the same work, and instructions
 * that differ by no more than where their pages lie can explain.
 */
bool same_rung(const struct result *step, const struct result *rung);

/* All of them but targets, which may be missed. Logs what is wrong; returns how much that is. */
int judge_rungs(const struct results *results);
