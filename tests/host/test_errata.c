// SPDX-License-Identifier: MIT
/*
 * The list of cores that complete a TLBI early: by MIDR_EL1, with its revision, and by name.
 */
// sources: mm/arm64/errata.c
#include <string.h>

#include "mm/arm64/errata.h"
#include "tests/host/tap.h"

static bool midr_has(uint64_t midr, const char *erratum)
{
	const char *errata = tlbi_errata_of_midr(midr);

	return errata && strstr(errata, erratum);
}

static bool name_has(const char *compatible, const char *erratum)
{
	const char *errata = tlbi_errata_of_compatible(compatible);

	return errata && strstr(errata, erratum);
}

int main(void)
{
	ok(midr_has(0x412fd050, "2441007"), "the RK3588's Cortex-A55 r2p0");
	ok(midr_has(0x414fd0b0, "4193800") && midr_has(0x414fd0b1, "4193800"),
	   "its Cortex-A76 r4p0, and QEMU's r4p1");
	ok(midr_has(0x410fd0b0, "1286807"), "Cortex-A76 r0p0");
	ok(midr_has(0x410fd461, "2441009") && midr_has(0x411fd461, "2441009") &&
		   !tlbi_errata_of_midr(0x411fd462) && !tlbi_errata_of_midr(0x412fd460),
	   "Cortex-A510 up to r1p1");
	ok(!tlbi_errata_of_midr(0x410fd034) && !tlbi_errata_of_midr(0x410fd083) &&
		   !tlbi_errata_of_midr(0x000f0510),
	   "neither Cortex-A53, Cortex-A72 nor QEMU's max");
	ok(!tlbi_errata_of_midr(0x422fd050), "the part number of another implementer");
	ok(name_has("arm,cortex-a55", "2441007") && name_has("arm,cortex-a76", "4193800") &&
		   name_has("arm,neoverse-v3ae", "4193784"),
	   "names in the device tree");
	ok(!tlbi_errata_of_compatible("arm,cortex-a5") &&
		   !tlbi_errata_of_compatible("arm,cortex-a550") &&
		   !tlbi_errata_of_compatible("arm,") &&
		   !tlbi_errata_of_compatible("arm,cortex-a53") &&
		   !tlbi_errata_of_compatible("cortex-a55") && !tlbi_errata_of_compatible("") &&
		   !tlbi_errata_of_compatible(NULL),
	   "other names, and none");
	return tap_done();
}
