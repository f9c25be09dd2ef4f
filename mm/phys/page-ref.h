// SPDX-License-Identifier: MIT
/*
 * Speculative references: by who has found a struct page and owns nothing of it. The page may be
 * free, another's or a tail by now, and a tail's struct page may be shared and read-only
 * (mm/pages/hvo.h): what has no reference is read, and never written to.
 *
 * The whole state is swapped, not the count alone: the reference is one to the very kind of block
 * that was looked at. Struct pages have to be there meanwhile: RAM's always are, a device's while
 * it is not removed.
 */
#pragma once

#include "lib/arm64/atomic.h"
#include "mm/phys/buddy.h"

typedef bool (*cas64_t)(uint64_t *word, uint64_t old, uint64_t new);

/*
 * One more reference to @page, which is a block's first page and has @flags, if it has any;
 * false, and nothing was written, if it has none. A plain load decides that: an atomic access
 * needs permission to write even where it stores nothing. @cas: a constant.
 */
static __always_inline bool get_page_unless_zero_by(struct page *page, uint16_t flags, cas64_t cas)
{
	uint64_t state;

	do {
		state = READ_ONCE(page->state);
		if (!(state & PAGE_STATE_REFS) || ~state & flags)
			return false;
	} while (!cas(&page->state, state, state + PAGE_STATE(0, 0, 0, 1)));
	return true;
}

/*
 * One more reference to exactly @page, no head is looked for: false, and nothing was written, if
 * it has none, as free pages, tails and the pages inside of blocks. Any CPU, any context.
 *
 * Who calls this on a page that is not compound knows that its owner does not free it meanwhile:
 * the last reference to such a block goes without an atomic operation (hot.c).
 */
static __always_inline bool get_page_unless_zero(struct page *page)
{
	return get_page_unless_zero_by(page, 0, cas64);
}

/*
 * For lookups without a lock: the head of the compound page that @page is in, with one more
 * reference, which put_page() drops. NULL: @page is in no compound page, or in one without
 * references; single pages and plain blocks are their owners' alone (see above). Whatever happens
 * to the memory meanwhile, what is returned was the head of @page when it was referenced, and
 * stays it until the reference is dropped. Any CPU, any context.
 */
static __always_inline struct page *try_get_page(struct page *page)
{
	struct page *head;

	for (;;) {
		head = compound_head(page);
		if (!get_page_unless_zero_by(head, PG_HEAD, cas64))
			return NULL;
		/* It may have been freed, and be the head of other pages now. */
		if (likely(compound_head(page) == head))
			return head;
		put_page(head);
	}
}

/* References to the compound page or block that @page is in, or the first of. A moment's. */
static __always_inline int page_count(const struct page *page)
{
	return READ_ONCE(compound_head(page)->refcount);
}
