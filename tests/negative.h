// SPDX-License-Identifier: MIT
/*
 * Negative probes: what must fault does, by the class, the level and the address that the
 * tables say, and AT S1E1R/W says the same before anything is accessed. And what may be done
 * there is translated as the tables have it.
 */
#pragma once

#include "lib/arm64/exception.h"
#include "mm/arm64/pgtable.h"

/* What each access at an address ends in: enum fault_class. */
struct rights {
	enum fault_class read, write, exec;
};

extern const struct rights hole, read_only, text, data;

/* Which accesses are made; AT is asked in any case. */
#define MAKE_READ  1u
#define MAKE_WRITE 2u
#define MAKE_EXEC  4u
#define MAKE_ALL   7u

/*
 * Probes 8 bytes at @va, on this CPU. A store that is let through stores what was read. A call
 * that is let through must return: @va is code then. Those that must fault are always made, or
 * they would prove nothing; @make is about the others.
 */
void probe_rights(const char *what, uint64_t va, const struct rights *rights, unsigned make);

/* Nothing is mapped at @va. */
static inline void probe_hole(const char *what, uint64_t va)
{
	probe_rights(what, va, &hole, 0);
}

/* Level at which a walk for @va ends, at a leaf or at an invalid descriptor. */
int walk_end(uint64_t va);

/* @body on each online CPU at the same time; then a note of how many probes that were. */
void negative_on_each_cpu(void (*body)(void *), void *arg);

/* The same for a @body that gives the other CPUs their work itself. */
void negative_from_here(void (*body)(void *), void *arg);
