// SPDX-License-Identifier: GPL-2.0-only
/*
 * The HugeTLB vmemmap optimisation of one 2 MB page and its restoring, in a steady state. Mainline
 * does not select it for arm64: it changes live entries without break-before-make there.
 */
#include <linux/hugetlb.h>

#include "peer.h"

static void (*optimize)(const struct hstate *h, struct folio *folio);
static int (*restore)(const struct hstate *h, struct folio *folio);

static struct hstate *find_hstate(void)
{
	struct hstate *all = find_symbol("hstates");
	unsigned int *index = find_symbol("default_hstate_idx");

	optimize = find_symbol("hugetlb_vmemmap_optimize_folio");
	restore = find_symbol("hugetlb_vmemmap_restore_folio");
	return all && index && optimize && restore ? &all[*index] : NULL;
}

void measure_hvo(void)
{
	bool *enabled = find_symbol("vmemmap_optimize_enabled");
	struct hstate *h = find_hstate();
	struct folio *folio;
	int i, error = 0;

	if (!h || !enabled || list_empty(&h->hugepage_freelists[0])) {
		row_missing("hvo-optimize/2M", "no such functions, or no free huge page");
		return;
	}
	folio = list_first_entry(&h->hugepage_freelists[0], struct folio, lru);
	*enabled = true;
	optimize(h, folio); /* the first splits the block of the vmemmap */
	error = restore(h, folio);
	for (i = 0; i < SAMPLES && !error; i++) {
		SAMPLE(&calls, i, optimize(h, folio));
		SAMPLE(&undos, i, error = restore(h, folio));
	}
	*enabled = false;
	if (error) {
		row_missing("hvo-optimize/2M", "restoring failed");
		return;
	}
	row("hvo-optimize/2M", &calls);
	row("hvo-restore/2M", &undos);
}
