// SPDX-License-Identifier: MIT
/*
 * Which console there is, and which driver knows it.
 */
#include "drivers/driver.h"

static const struct console_driver *find_driver(const struct fdt *fdt, int node)
{
	const struct console_driver *d;

	for_each_registered (d, drivers)
		if (fdt_is_compatible(fdt, node, d->compatible) &&
		    (!d->accepts || d->accepts(fdt, node)))
			return d;
	return NULL;
}

/* Whether @node is a console; then *@driver and *@base are its. */
static bool is_console(const struct fdt *fdt, int node, uint64_t phys_end,
		       const struct console_driver **driver, uint64_t *base)
{
	uint64_t size;

	*driver = find_driver(fdt, node);
	return *driver && !fdt_get_reg(fdt, node, 0, base, &size) &&
	       is_console_address(*base, phys_end);
}

int find_console(const struct fdt *fdt, uint64_t phys_end, const struct console_driver **driver,
		 uint64_t *base)
{
	const struct console_driver *d;
	int node = fdt_stdout(fdt, NULL);

	if (is_console(fdt, node, phys_end, driver, base))
		return node;
	for_each_registered (d, drivers) {
		node = fdt->root;
		while ((node = fdt_next_compatible(fdt, node, d->compatible)) > 0)
			if (fdt_get_status(fdt, node) == FDT_OKAY &&
			    is_console(fdt, node, phys_end, driver, base))
				return node;
	}
	return -ENOENT;
}
