// SPDX-License-Identifier: MIT
/*
 * Between the files of suite checker: the tables that its tests break rules in, and what a test is.
 */
#pragma once

#include "mm/check/live.h"
#include "tests/support.h"

/*
 * Between the fixed slots and vmalloc, far enough from both to have tables of its own down from
 * the PMD's; nothing is ever there, or accessed there.
 */
#define SCRATCH 0xffff880000000000UL

#define MOST_TABLES 6

struct scratch {
	desc_t *pmd, *pte; /* the slots of SCRATCH */
	unsigned nr_tables;
	struct {
		struct page *page;
		unsigned order;
		desc_t *link;
	} tables[MOST_TABLES];
};

/* @wrong ends in reports, the first of which is @rule's; RULE_NONE: in none. */
void check_rule(void (*wrong)(struct scratch *s), enum check_rule rule);

#define RULE(ident, name, rule)                \
	static void ident(struct scratch *s);  \
	TEST(checker_##ident, "checker/" name) \
	{                                      \
		check_rule(ident, rule);       \
	}                                      \
	static void ident(struct scratch *s __attribute__((unused)))
