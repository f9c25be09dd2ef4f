// SPDX-License-Identifier: MIT
/*
 * Those about TLBIs are Linux's list for the same workaround: Kconfig's 1286807 (Cortex-A76 up to
 * r3p0), 2441007, 2441009, and 4118414 (CVE-2025-10263; commit cfd391e74134, which also says that
 * one more TLBI and DSB a batch are enough, of whatever kind). 1024718 is Kconfig's too, of all
 * revisions. Part numbers: the cores' manuals, MIDR_EL1.
 */
#include "mm/arm64/errata.h"

#include <string.h>

#define MIDR_REVISION(midr) (((midr) >> 20 & 0xf) << 4 | ((midr)&0xf))
#define ALL		    0xff

/* What is done about it: at the end of each batch; and TCR.HD, which nothing here ever sets. */
#define TWICE	 "TLBI twice", true
#define NO_DIRTY "hardware dirty state is not used", false

static const struct erratum errata[] = {
	{ 0x4100d050, ALL, "cortex-a55", "2441007", TWICE },
	{ 0x4100d050, ALL, "cortex-a55", "1024718", NO_DIRTY },
	{ 0x4100d460, 0x11, "cortex-a510", "2441009", TWICE },
	{ 0x4100d0b0, 0x30, "cortex-a76", "1286807", TWICE },
	{ 0x4100d0b0, ALL, "cortex-a76", "4193800", TWICE },
	{ 0x4100d0e0, ALL, "cortex-a76ae", "4193801", TWICE },
	{ 0x4100d0d0, ALL, "cortex-a77", "4193798", TWICE },
	{ 0x4100d410, ALL, "cortex-a78", "4193791", TWICE },
	{ 0x4100d420, ALL, "cortex-a78ae", "4193793", TWICE },
	{ 0x4100d4b0, ALL, "cortex-a78c", "4193794", TWICE },
	{ 0x4100d470, ALL, "cortex-a710", "4193788", TWICE },
	{ 0x4100d440, ALL, "cortex-x1", "4193791", TWICE },
	{ 0x4100d4c0, ALL, "cortex-x1c", "4193792", TWICE },
	{ 0x4100d480, ALL, "cortex-x2", "4193788", TWICE },
	{ 0x4100d4e0, ALL, "cortex-x3", "4193786", TWICE },
	{ 0x4100d820, ALL, "cortex-x4", "4118414", TWICE },
	{ 0x4100d850, ALL, "cortex-x925", "4193781", TWICE },
	{ 0x4100d8c0, ALL, "c1-ultra", "4193780", TWICE },
	{ 0x4100d900, ALL, "c1-premium", "4193780", TWICE },
	{ 0x4100d0c0, ALL, "neoverse-n1", "4193800", TWICE },
	{ 0x4100d490, ALL, "neoverse-n2", "4193789", TWICE },
	{ 0x4100d400, ALL, "neoverse-v1", "4193790", TWICE },
	{ 0x4100d4f0, ALL, "neoverse-v2", "4193787", TWICE },
	{ 0x4100d840, ALL, "neoverse-v3", "4193784", TWICE },
	{ 0x4100d830, ALL, "neoverse-v3ae", "4193784", TWICE },
};

static bool has(uint64_t midr, const char *compatible, const struct erratum *e)
{
	if (midr)
		return (midr & 0xff00fff0) == e->part && MIDR_REVISION(midr) <= e->last;
	return compatible && !strncmp(compatible, "arm,", 4) && !strcmp(compatible + 4, e->core);
}

const struct erratum *next_erratum(const struct erratum *prev, uint64_t midr,
				   const char *compatible)
{
	const struct erratum *e = prev ? prev + 1 : errata;

	while (e < errata + ARRAY_SIZE(errata) && !has(midr, compatible, e))
		e++;
	return e < errata + ARRAY_SIZE(errata) ? e : NULL;
}
