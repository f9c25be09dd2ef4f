// SPDX-License-Identifier: MIT
/*
 * The host's stand-in: its own compare-and-swap. CASAL's fault is there too: it wants to write
 * whatever it finds.
 */
#pragma once

#include "lib/compiler.h"

/* A test that defines it is called before a swap: what another CPU does until then. */
__attribute__((weak)) void host_before_cas(uint64_t *word);

static __always_inline bool cas64(uint64_t *word, uint64_t old, uint64_t new)
{
	if (host_before_cas)
		host_before_cas(word);
	return __atomic_compare_exchange_n(word, &old, new, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}
