// SPDX-License-Identifier: MIT
/*
 * The rules: their names and sources, and those that a descriptor can be judged by alone.
 */
#include <stdarg.h>
#include <stdio.h>

#include "mm/check/check-internal.h"

#define BBM	   "Arm ARM DDI 0487, D8.16.1 (break-before-make, rule WHZWS)"
#define TLBI	   "Arm ARM DDI 0487, D8.16.5 (TLB maintenance instructions)"
#define CONTIGUOUS "Arm ARM DDI 0487, D8.7.1 (contiguous bit)"
#define FORMATS	   "Arm ARM DDI 0487, D8.3.1 (descriptor formats)"
#define ORDERING   "Arm ARM DDI 0487, D8.2.5, B2.6.9 (walks and the ordering of stores)"
#define CACHING	   "Arm ARM DDI 0487, D8.15 (what a TLB may hold, rule XCLRD)"
#define SYNC	   "Arm ARM DDI 0487, D8.16 (rule WZCBG), B2.6.9 (DSB), context synchronization"

const struct check_rule_text check_rules[RULE_COUNT] = {
	[RULE_NONE] = { "the checker itself", "none" },
	[RULE_BBM_ADDRESS] = { "break-before-make: output address", BBM },
	[RULE_BBM_SIZE] = { "break-before-make: size", BBM },
	[RULE_BBM_TYPE] = { "break-before-make: memory type", BBM },
	[RULE_GROUP] = { "contiguous group", CONTIGUOUS },
	[RULE_LEVEL] = { "leaf at a wrong level", FORMATS },
	[RULE_ALIGNMENT] = { "output address alignment", FORMATS },
	[RULE_ATTRIBUTES] = { "attributes", "docs/design.md; Arm ARM DDI 0487, D8.3.1, D8.4.1" },
	[RULE_LINK_ORDER] = { "table linked before its contents", ORDERING },
	[RULE_LINK_USED] = { "table linked that is not free for it", "docs/design.md" },
	[RULE_TABLE_FREED] = { "table freed too early", CACHING },
	[RULE_VA_REUSED] = { "address reused too early", BBM },
	[RULE_NO_DSB] = { "missing DSB", SYNC },
	[RULE_NO_ISB] = { "missing ISB", SYNC },
	[RULE_TLBI_EARLY] = { "TLBI before its DSB", TLBI },
	[RULE_TLBI_SCOPE] = { "TLBI scope", TLBI },
	[RULE_MAP_COUNT] = { "map count", "docs/design.md; " CACHING },
	[RULE_MEMORY_TYPE] = { "two memory types for one frame",
			       "Arm ARM DDI 0487 (mismatched memory attributes)" },
	[RULE_PAST_TABLE] = { "store past the table", "docs/design.md" },
	[RULE_ACCESS_FLAG] = { "access flag", "Arm ARM DDI 0487, D8.5.1 (rule BMRWH)" },
	[RULE_DOOR] = { "store behind the door", "docs/design.md" },
};

void check_report(struct checker *c, enum check_rule rule, uint64_t va, int level, const char *fmt,
		  ...)
{
	struct check_report report = { .rule = rule, .va = va, .level = level };
	va_list ap;

	c->reports++;
	if (c->event)
		report.event = *c->event;
	va_start(ap, fmt);
	vsnprintf(report.text, sizeof(report.text), fmt, ap);
	va_end(ap);
	if (c->config.report)
		c->config.report(c->config.context, &report);
}

static bool may_be_leaf(int level)
{
	return level >= LEVEL_PMD || (level == LEVEL_PUD && HAVE_PUD_BLOCK);
}

/* Also what walks of a table know of its page: nothing but the address. */
void check_format(struct checker *c, desc_t d, int level, uint64_t va)
{
	uint64_t known = DESC_PROT_MASK | DESC_VALID | DESC_TABLE | DESC_ADDR_MASK;
	bool reserved =
		level == LEVEL_PTE ? !(d & DESC_PAGE) : !desc_is_table(d) && !may_be_leaf(level);

	if (reserved) {
		check_report(c, RULE_LEVEL, va, level,
			     "0x%lx: descriptor 0x%lx is reserved at level %d", va, d, level);
	} else if (!desc_is_leaf(d, level)) {
		if (d & ~(DESC_ADDR_MASK | DESC_VALID | DESC_TABLE))
			check_report(c, RULE_ATTRIBUTES, va, level,
				     "0x%lx: link 0x%lx at level %d has bad attributes", va, d,
				     level);
	} else if (!IS_ALIGNED(desc_addr(d), entry_size(level))) {
		check_report(c, RULE_ALIGNMENT, va, level,
			     "0x%lx: descriptor 0x%lx has a misaligned address for level %d", va, d,
			     level);
	} else if (!(d & DESC_AF) && !check_flag_is_managed(c)) {
		check_report(c, RULE_ATTRIBUTES, va, level,
			     "0x%lx: descriptor 0x%lx has bad attributes: no access flag, and not "
			     "every CPU that was heard of sets it",
			     va, d);
	} else if (d & ~(known | (level >= LEVEL_PMD ? DESC_CONT : 0)) ||
		   (d & DESC_ATTR(7)) >= DESC_ATTR(MEMORY_TYPES)) {
		check_report(c, RULE_ATTRIBUTES, va, level,
			     "0x%lx: descriptor 0x%lx has bad attributes", va, d);
	}
}
