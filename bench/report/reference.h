// SPDX-License-Identifier: MIT
/*
 * Figures that were measured elsewhere, to stand beside ours; and the order of the rows.
 */
#pragma once

#include "lib/compiler.h"

#define NO_LIMIT UINT64_MAX

/* The most work that a call may do to meet its target; links of tables are free. */
struct work_budget {
	uint64_t stores, dmb, dsb, isb;
	/* At least: so that no target is met by flushing all where Linux flushes by address. */
	uint64_t tlbi_least, tlbi;
	uint64_t batches; /* of TLBIs: so many more are free where each batch is repeated */
};

/* Retired instructions of real Linux, in the same emulator; and what ours is to cost. */
struct reference {
	const char *name; /* of the bench, less the rung */
	/* The call itself, and the TLB flush that Linux defers, where ours is in the call. */
	uint64_t lean, lean_flush;
	uint64_t series, series_flush;
	uint64_t target;		  /* for the rung tlbed; this project's own */
	const struct work_budget *budget; /* NULL: the instructions alone are limited */
};

extern const struct reference references[];
extern const unsigned nr_references;

/* The place of a bench in the order in which they are run and shown; the last if it has none. */
unsigned reference_rank(const char *name);

/* NULL: none, or they were measured with another page size than this build's. */
const struct reference *find_reference(const char *name);

/* What has to be said of Linux's figures of @name, in whole lines. NULL: nothing. */
const char *reference_note(const char *name);

/* Whether this build's pages are of the size that all the figures here were measured with. */
bool have_references(void);

/*
 * What the mail series claims, measured by its authors on an RK3588's little core, with
 * 4K pages.
 */
struct claim {
	const char *name;   /* of the bench that restates it */
	const char *ladder; /* of the bench that takes it patch by patch */
	const char *title;
	uint64_t before_ns, after_ns;
};

#define NR_CLAIMS 3
extern const struct claim claims[NR_CLAIMS];

/* The rows on which the rungs linux and series are held against real Linux. */
#define NR_HELD 4
extern const char *const held_against_linux[NR_HELD];
