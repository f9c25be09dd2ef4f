// SPDX-License-Identifier: MIT
/*
 * The public calls, whole, with a rung's mapping half: what is timed beside ioremap(),
 * vmap(), vmalloc() and their inverses. Arguments, addresses, pages and errors are theirs.
 */
#pragma once

#include "bench/rungs/rung.h"
#include "mm/phys/gfp.h"

/* NULL on any error; nothing stays mapped or allocated then, but for empty tables. */
void *rung_ioremap(const struct rung *rung, uint64_t pa, uint64_t size);
void *rung_vmap(const struct rung *rung, struct page **pages, uint64_t count);
void *rung_vmalloc(const struct rung *rung, uint64_t size);
void *rung_vmalloc_huge(const struct rung *rung, uint64_t size);

/* Each undoes its own; anything else is refused with one line, as by the originals. */
void rung_iounmap(void *addr);
void rung_vunmap(void *addr);
void rung_vfree(void *addr);
