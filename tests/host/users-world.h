// SPDX-License-Identifier: MIT
/*
 * A machine for tests of huge pages and of a device's memory: pages-world.h with the order of
 * boot, by the command line.
 */
#pragma once

#include "mm/pages/users/dax.h"
#include "mm/pages/users/hugepages.h"
#include "mm/pages/users/memremap.h"
#include "tests/host/pages-world.h"

/* RAM at [@start, @start + @bytes), whose huge pages and device memory the command line takes. */
void users_ram(uint64_t start, uint64_t bytes);

/* After world_begin() and all RAM: boots with @line. The model knows of every huge page then. */
void users_boot(const char *line);

/* The model's huge page is in a pool, with no reference, or out of it with one. */
void users_pooled(struct huge *huge, bool is);

/*
 * memremap_pages() and memunmap_pages(), and what the model has to know of them: the result.
 * @pgmap is of whole compound pages.
 */
int users_memremap(struct dev_pagemap *pgmap);
int users_memunmap(struct dev_pagemap *pgmap);

/*
 * Memory that is free, that holds struct pages or tables, or that stays whatever happens: the
 * same number at any time but for what the test itself has.
 */
uint64_t users_accounted(void);
