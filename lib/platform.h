// SPDX-License-Identifier: MIT
/*
 * What boot learned of the machine: filled once before main() goes on, read by everyone.
 */
#pragma once

#include "lib/compiler.h"

/* What boot found in EL2's registers, all zero if it was entered at EL1. Layout: boot/head.S. */
struct el2_state {
	uint64_t sctlr, hcr, cptr, mdcr, cnthctl, cntvoff, tcr, vttbr;
};

struct platform {
	char model[96];	     /* root node's model, or "unknown" */
	char compatible[64]; /* its first compatible string */
	uint64_t tcr, mair, sctlr;
	uint64_t cntfrq_hz;
	unsigned entry_el;	 /* 1, 2; 3 ends the run */
	const char *psci_method; /* "hvc", "smc" or NULL */
	uint64_t image_pa;
	struct el2_state el2; /* as firmware left it */
};

extern struct platform platform;

/*
 * Whether this is Image.check, the same sources with every check on (-DCHECKED): for tests, for
 * nothing that is measured.
 */
#ifdef CHECKED
#define IS_CHECKED true
#else
#define IS_CHECKED false
#endif

/* Build identity, made by the build: "git: unknown" style strings, never NULL. */
extern const char build_git[];	    /* commit id, "unknown" without git; "-dirty" when changed */
extern const char build_compiler[]; /* compiler's version line */
