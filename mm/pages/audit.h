// SPDX-License-Identifier: MIT
/*
 * The audit of the vmemmap: what is mapped where, against what the sections and the struct pages
 * say, and against the counters. An opinion that is independent of who populates and who shares.
 */
#pragma once

#include "lib/compiler.h"

/* Says what is wrong, in one line without its end. */
typedef void vmemmap_complaint_t(const char *line);

/*
 * Walks the leaves of all present sections: each is RAM of its own that is writable, or the shared
 * tail page of the zone and order that its struct pages belong to, read-only; shared just where
 * the section's order or PG_HVO says so; vmemmap_counts and the shared pages' references are what
 * the walk finds. Returns the number of complaints, of which at most ten are made. Nothing changes
 * meanwhile.
 */
uint64_t vmemmap_audit(vmemmap_complaint_t *complain);

/*
 * The struct pages of [@pfn, @pfn + @nr), which are mapped: heads of @order where such begin, with
 * the flags @flags at least, and tails everywhere else, without references. Each by itself; with
 * PG_HVO among @flags, of the vmemmap pages from a huge page's third on, one in each. Complaints as
 * above.
 */
uint64_t vmemmap_audit_compound(uint64_t pfn, uint64_t nr, unsigned order, unsigned flags,
				vmemmap_complaint_t *complain);
