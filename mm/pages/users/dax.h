// SPDX-License-Identifier: MIT
/*
 * RAM that plays a device with memory of its own, as persistent memory or CXL: `dax=` carves it
 * out at boot. It is linear-mapped for ever, the page allocator never has it, and it has struct
 * pages from memremap_pages() to memunmap_pages() (memremap.h).
 */
#pragma once

#include "lib/compiler.h"

/* Bytes, whole sections; both 0 if there is none. Constant after boot. */
extern uint64_t dax_base, dax_size;

/* Order of its compound pages: what `align=` says. dax_base and dax_size are aligned to it. */
extern unsigned dax_order;

/*
 * Boot, after RAM is mapped and before the vmemmap is populated: takes the memory, or says in one
 * line why there is none.
 */
void dax_reserve(void);
