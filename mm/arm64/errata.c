// SPDX-License-Identifier: MIT
/*
 * The list is Linux's for the same workaround: Kconfig's 1286807, 2441007, 2441009, and 4118414
 * (CVE-2025-10263; commit cfd391e74134, which also says that one more TLBI and DSB a batch are
 * enough, of whatever kind). Part numbers: the cores' manuals, MIDR_EL1.
 */
#include "mm/arm64/errata.h"

#include <string.h>

#define MIDR_REVISION(midr) (((midr) >> 20 & 0xf) << 4 | ((midr)&0xf))
#define ALL		    0xff

struct core {
	uint32_t part;		/* MIDR_EL1: implementer and part number, the rest zero */
	uint8_t last;		/* revision that has them: variant << 4 | revision */
	const char *compatible; /* without "arm," */
	const char *errata;
};

static const struct core cores[] = {
	{ 0x4100d050, ALL, "cortex-a55", "2441007" },
	{ 0x4100d460, 0x11, "cortex-a510", "2441009" },
	{ 0x4100d0b0, ALL, "cortex-a76", "1286807, 4193800" },
	{ 0x4100d0e0, ALL, "cortex-a76ae", "4193801" },
	{ 0x4100d0d0, ALL, "cortex-a77", "4193798" },
	{ 0x4100d410, ALL, "cortex-a78", "4193791" },
	{ 0x4100d420, ALL, "cortex-a78ae", "4193793" },
	{ 0x4100d4b0, ALL, "cortex-a78c", "4193794" },
	{ 0x4100d470, ALL, "cortex-a710", "4193788" },
	{ 0x4100d440, ALL, "cortex-x1", "4193791" },
	{ 0x4100d4c0, ALL, "cortex-x1c", "4193792" },
	{ 0x4100d480, ALL, "cortex-x2", "4193788" },
	{ 0x4100d4e0, ALL, "cortex-x3", "4193786" },
	{ 0x4100d820, ALL, "cortex-x4", "4118414" },
	{ 0x4100d850, ALL, "cortex-x925", "4193781" },
	{ 0x4100d8c0, ALL, "c1-ultra", "4193780" },
	{ 0x4100d900, ALL, "c1-premium", "4193780" },
	{ 0x4100d0c0, ALL, "neoverse-n1", "4193800" },
	{ 0x4100d490, ALL, "neoverse-n2", "4193789" },
	{ 0x4100d400, ALL, "neoverse-v1", "4193790" },
	{ 0x4100d4f0, ALL, "neoverse-v2", "4193787" },
	{ 0x4100d840, ALL, "neoverse-v3", "4193784" },
	{ 0x4100d830, ALL, "neoverse-v3ae", "4193784" },
};

const char *tlbi_errata_of_midr(uint64_t midr)
{
	for (unsigned i = 0; i < ARRAY_SIZE(cores); i++)
		if ((midr & 0xff00fff0) == cores[i].part && MIDR_REVISION(midr) <= cores[i].last)
			return cores[i].errata;
	return NULL;
}

const char *tlbi_errata_of_compatible(const char *compatible)
{
	if (!compatible || strncmp(compatible, "arm,", 4))
		return NULL;
	for (unsigned i = 0; i < ARRAY_SIZE(cores); i++)
		if (!strcmp(compatible + 4, cores[i].compatible))
			return cores[i].errata;
	return NULL;
}
