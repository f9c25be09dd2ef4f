// SPDX-License-Identifier: MIT
/*
 * Addresses in a device tree: `reg` through the buses above it, RAM, and what of
 * it is reserved. Devicetree Specification v0.4, 2.3.5-2.3.8, 3.4, 3.5, 5.3.
 */
#include "lib/fdt/fdt.h"

int fdt_bus_cells(const struct fdt *fdt, int bus, struct fdt_cells *cells)
{
	int ret;

	*cells = (struct fdt_cells){ .address = 2, .size = 1 };
	ret = fdt_get_u32(fdt, bus, "#address-cells", &cells->address);
	if (ret && ret != -ENOENT)
		return ret;
	ret = fdt_get_u32(fdt, bus, "#size-cells", &cells->size);
	if (ret && ret != -ENOENT)
		return ret;
	if (cells->address == 3)
		return -ERANGE;
	return cells->address < 1 || cells->address > 2 || cells->size > 2 ? -EINVAL : 0;
}

/*
 * Entry @index of @node's `reg` as @bus, its parent, writes it. Bad cells or a bad
 * length fail for every index alike, so that a caller can stop at the first.
 */
static int read_reg(const struct fdt *fdt, int bus, int node, unsigned index, uint64_t *base,
		    uint64_t *size)
{
	struct fdt_cells cells;
	struct fdt_prop reg;
	uint32_t entry, at;
	int ret = fdt_get_prop(fdt, node, "reg", &reg);

	if (!ret)
		ret = fdt_bus_cells(fdt, bus, &cells);
	if (ret)
		return ret;
	entry = cells.address + cells.size;
	if (reg.len % (4 * entry))
		return -EINVAL;
	if (index >= reg.len / (4 * entry))
		return -ENOENT;
	at = index * entry;
	*size = 0;
	ret = fdt_read_cells(&reg, &at, cells.address, base);
	if (!ret && cells.size)
		ret = fdt_read_cells(&reg, &at, cells.size, size);
	return ret;
}

/* One row of `ranges`: @bus addresses [bus, bus + size) are [parent, parent + size) above it. */
struct window {
	uint64_t bus, parent, size;
};

static int read_window(const struct fdt_prop *ranges, uint32_t *at, const struct fdt_cells *bus,
		       const struct fdt_cells *parent, struct window *window)
{
	int ret = fdt_read_cells(ranges, at, bus->address, &window->bus);

	if (!ret)
		ret = fdt_read_cells(ranges, at, parent->address, &window->parent);
	if (!ret)
		ret = fdt_read_cells(ranges, at, bus->size, &window->size);
	return ret;
}

/* @base as the bus above @bus sees it. All failures are -ERANGE: there is no way through. */
static int translate(const struct fdt *fdt, int bus, int parent, uint64_t *base, uint64_t size)
{
	struct fdt_cells bus_cells, parent_cells;
	struct fdt_prop ranges;
	struct window window;
	uint32_t at = 0;

	if (fdt_get_prop(fdt, bus, "ranges", &ranges))
		return -ERANGE;
	if (!ranges.len)
		return 0;
	if (fdt_bus_cells(fdt, bus, &bus_cells) || fdt_bus_cells(fdt, parent, &parent_cells))
		return -ERANGE;
	while (!read_window(&ranges, &at, &bus_cells, &parent_cells, &window)) {
		uint64_t offset = *base - window.bus;

		if (*base < window.bus || offset >= window.size || size > window.size - offset)
			continue;
		if (__builtin_add_overflow(window.parent, offset, base))
			return -ERANGE;
		return 0;
	}
	return -ERANGE;
}

int fdt_get_reg(const struct fdt *fdt, int node, unsigned index, uint64_t *base, uint64_t *size)
{
	uint64_t start, bytes, end;
	int chain[FDT_MAX_DEPTH];
	int depth = fdt_ancestors(fdt, node, chain);
	int ret;

	if (depth <= 0)
		return depth ? depth : -ENOENT; /* the root is nowhere */
	ret = read_reg(fdt, chain[depth - 1], node, index, &start, &bytes);
	for (int bus = depth - 1; !ret && bus > 0; bus--)
		ret = translate(fdt, chain[bus], chain[bus - 1], &start, bytes);
	if (ret)
		return ret;
	if (__builtin_add_overflow(start, bytes, &end))
		return -EOVERFLOW;
	*base = start;
	*size = bytes;
	return 0;
}

static const char *why_unusable(int ret, uint64_t base, uint64_t size)
{
	uint64_t end;

	if (ret == -ENOENT)
		return "no fixed address";
	if (ret)
		return "malformed reg";
	if (!size)
		return "empty";
	return __builtin_add_overflow(base, size, &end) ? "wraps around" : NULL;
}

static void set_region(struct fdt_region *region, int ret, uint64_t base, uint64_t size)
{
	region->skipped = why_unusable(ret, base, size);
	region->base = region->skipped ? 0 : base;
	region->size = region->skipped ? 0 : size;
}

/* False: @index is past the node's last entry. A node without any is reported once, as skipped. */
static bool read_region(const struct fdt *fdt, int parent, int node, unsigned index,
			struct fdt_region *region)
{
	uint64_t base = 0, size = 0;
	struct fdt_prop no_map;
	int ret = read_reg(fdt, parent, node, index, &base, &size);

	if (ret && index)
		return false;
	*region = (struct fdt_region){
		.name = fdt_name(fdt, node),
		.no_map = !fdt_get_prop(fdt, node, "no-map", &no_map),
		.node = node,
		.next_index = index + 1,
	};
	set_region(region, ret, base, size);
	return true;
}

/* The entry after @region's among the children of @parent that are @wanted. */
static bool next_region(const struct fdt *fdt, int parent,
			bool (*wanted)(const struct fdt *fdt, int node), struct fdt_region *region)
{
	int node = region->node ? region->node : fdt_first_child(fdt, parent);
	unsigned index = region->next_index;

	for (; node > 0; node = fdt_next_sibling(fdt, node), index = 0)
		if (wanted(fdt, node) && read_region(fdt, parent, node, index, region))
			return true;
	*region = (struct fdt_region){ .node = node };
	return false;
}

static bool is_enabled(const struct fdt *fdt, int node)
{
	return fdt_get_status(fdt, node) == FDT_OKAY;
}

static bool is_ram(const struct fdt *fdt, int node)
{
	return is_enabled(fdt, node) && fdt_is_type(fdt, node, "memory");
}

bool fdt_next_ram(const struct fdt *fdt, struct fdt_region *region)
{
	return next_region(fdt, fdt->root, is_ram, region);
}

bool fdt_next_reserved(const struct fdt *fdt, struct fdt_region *region)
{
	return next_region(fdt, fdt_find_path(fdt, "/reserved-memory"), is_enabled, region);
}

bool fdt_next_memreserve(const struct fdt *fdt, struct fdt_region *region)
{
	uint32_t at = region->next_index * 4;
	struct fdt_prop list = { 0 };
	uint64_t base, size;

	if (!fdt->root)
		return false;
	list.data = fdt->blob + fdt->reserves;
	list.len = fdt->reserves_end - fdt->reserves;
	if (fdt_read_cells(&list, &at, 2, &base) || fdt_read_cells(&list, &at, 2, &size))
		return false;
	*region = (struct fdt_region){ .name = "", .next_index = at / 4 };
	set_region(region, 0, base, size);
	return true;
}
