// SPDX-License-Identifier: MIT
/*
 * Pages for translation tables, from per-CPU lists of their own: a page that was a table is
 * known to be zero but for an extent of slots, so that its next life needs no clearing
 * where the last one left nothing.
 *
 * While they wait they are free pages like those on any hot list: counted as free, and given
 * back to the zones with them (drain_hot_lists(), or when memory runs short).
 */
#pragma once

#include "mm/phys/page.h"

SLIST_HEAD(table_list, page); /* by hot_link */

/*
 * A page with PG_TABLE and one reference; table_live is the caller's to set. Slots outside of its
 * table_extent are zero, those inside are not defined. NULL: no memory. Any CPU, any context.
 */
struct page *table_page_alloc(void);

/*
 * Frees all pages of @list, which is empty then. Each is from table_page_alloc(), no walker
 * and no TLB knows it any more, and its table_extent says what may not be zero.
 */
void table_pages_free(struct table_list *list);
