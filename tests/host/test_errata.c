// SPDX-License-Identifier: MIT
/*
 * The list of cores that complete a TLBI early: by MIDR_EL1, with its revision, and by name.
 */
// sources: mm/arm64/errata.c
#include <string.h>

#include "mm/arm64/errata.h"
#include "tests/host/tap.h"

/* Whether a list of errata has @number; NULL: anything. */
static bool has_erratum(uint64_t midr, const char *compatible, const char *number)
{
	const struct erratum *e = NULL;

	while ((e = next_erratum(e, midr, compatible)))
		if (!number || !strcmp(e->number, number))
			return true;
	return false;
}

static bool midr_has(uint64_t midr, const char *number)
{
	return has_erratum(midr, "arm,cortex-a55", number); /* what it calls itself counts */
}

static bool name_has(const char *compatible, const char *number)
{
	return has_erratum(0, compatible, number);
}

/* Whether any of its errata asks for tlbi=twice. */
static bool asks_twice(uint64_t midr)
{
	const struct erratum *e = NULL;
	bool twice = false;

	while ((e = next_erratum(e, midr, NULL)))
		twice |= e->tlbi;
	return twice;
}

int main(void)
{
	ok(midr_has(0x412fd050, "2441007"), "the RK3588's Cortex-A55 r2p0");
	ok(midr_has(0x414fd0b0, "4193800") && midr_has(0x414fd0b1, "4193800"),
	   "its Cortex-A76 r4p0, and QEMU's r4p1");
	ok(midr_has(0x410fd0b0, "1286807") && midr_has(0x413fd0b0, "1286807") &&
		   !midr_has(0x414fd0b0, "1286807") && name_has("arm,cortex-a76", "1286807"),
	   "1286807 is of Cortex-A76 up to r3p0, and of one of which the revision is not known");
	ok(midr_has(0x412fd050, "1024718") && name_has("arm,cortex-a55", "1024718") &&
		   !midr_has(0x414fd0b0, "1024718"),
	   "1024718 is of Cortex-A55");
	ok(asks_twice(0x412fd050) && asks_twice(0x414fd0b0) && !asks_twice(0x410fd034),
	   "what TLBIs need");
	ok(midr_has(0x410fd461, "2441009") && midr_has(0x411fd461, "2441009") &&
		   !midr_has(0x411fd462, NULL) && !midr_has(0x412fd460, NULL),
	   "Cortex-A510 up to r1p1");
	ok(!midr_has(0x410fd034, NULL) && !midr_has(0x410fd083, NULL) &&
		   !midr_has(0x000f0510, NULL),
	   "neither Cortex-A53, Cortex-A72 nor QEMU's max");
	ok(!midr_has(0x422fd050, NULL), "the part number of another implementer");
	ok(name_has("arm,cortex-a55", "2441007") && name_has("arm,cortex-a76", "4193800") &&
		   name_has("arm,neoverse-v3ae", "4193784"),
	   "names in the device tree");
	ok(!name_has("arm,cortex-a5", NULL) && !name_has("arm,cortex-a550", NULL) &&
		   !name_has("arm,", NULL) && !name_has("arm,cortex-a53", NULL) &&
		   !name_has("cortex-a55", NULL) && !name_has("", NULL) && !name_has(NULL, NULL),
	   "other names, and none");
	return tap_done();
}
