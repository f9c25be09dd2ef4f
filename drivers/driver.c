// SPDX-License-Identifier: MIT
/*
 * Which driver knows a node.
 */
#include "drivers/driver.h"

const struct console_driver *find_console_driver(const struct fdt *fdt, int node)
{
	const struct console_driver *d;

	for_each_registered (d, drivers)
		if (fdt_is_compatible(fdt, node, d->compatible))
			return d;
	return NULL;
}
