// SPDX-License-Identifier: MIT
/*
 * From the tree's memory nodes to a working page allocator.
 */
#pragma once

#include "lib/fdt/fdt.h"

/* One past the highest physical address of this CPU and of the linear map. */
uint64_t cpu_phys_end(void);

/*
 * RAM = memory nodes less everything reserved (image, FDT, /memreserve/, /reserved-memory)
 * and what `mem=` and `devmem=` say; then the linear map, the struct pages, the buddy
 * allocator. 0, or a negative error after one line that says what is wrong. Boot CPU.
 */
int boot_memory(const struct fdt *fdt, uint64_t fdt_pa, uint64_t image_pa);
