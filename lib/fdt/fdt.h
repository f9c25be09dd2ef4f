// SPDX-License-Identifier: MIT
/*
 * A read-only reader of flattened device trees (Devicetree Specification v0.4,
 * chapter 5, versions 16 and 17). No allocation, no recursion, no writes.
 *
 * fdt_open() checks the whole tree once and says in one line what is malformed.
 * The calls after it decode each token through the same bounds checks, so that
 * they stay inside the blob even if its bytes change underneath.
 *
 * A node is the offset of its FDT_BEGIN_NODE token in the blob, an int > 0; a
 * call that finds a node returns that or a negative error, and every call takes
 * such an error for a node and fails in turn: lookups chain without checks.
 *
 * Context: any, once the MMU is on and the blob is mapped Normal (values are
 * loaded unaligned, libc's string functions use SIMD); fdt_check_header() alone
 * runs with the MMU off. A struct fdt is constant after fdt_open(): no locks.
 */
#pragma once

#include <errno.h>

#include "lib/compiler.h"

#define FDT_BLOB_MAGIC	     0xd00dfeedU
#define FDT_HEADER_MIN_BYTES 40 /* of version 17; no tree of version 16 is smaller either */
#define FDT_MAX_DEPTH	     64 /* nodes on the way from the root to a leaf, both included */

struct fdt {
	const uint8_t *blob;
	uint32_t size; /* bytes: the header's totalsize */
	uint32_t structs, structs_end;
	uint32_t strings, strings_end;
	uint32_t reserves, reserves_end; /* the terminating entry excluded */
	int root;
	const char *error; /* what fdt_open() found malformed; NULL: nothing */
	uint32_t error_at; /* offset in the blob */
};

/* One property; all zero before the first fdt_next_prop(). */
struct fdt_prop {
	const char *name;
	const uint8_t *data; /* @len bytes inside the blob, 4-byte aligned in a valid tree */
	uint32_t len;
	uint32_t next; /* the iterator's */
};

enum fdt_status { FDT_OKAY, FDT_DISABLED, FDT_FAIL };

/* How a bus writes addresses and sizes: 32-bit cells, 1 to 2 (sizes: 0 where there are none). */
struct fdt_cells {
	uint32_t address, size;
};

/* A physical range; all zero before the first fdt_next_*(). */
struct fdt_region {
	const char *name; /* of the node; "" for /memreserve/ entries */
	uint64_t base, size;
	bool no_map;	     /* /reserved-memory: the kernel may not map it at all */
	const char *skipped; /* not NULL: base = size = 0, and why nothing could be used */
	int node;
	unsigned next_index; /* the iterator's */
};

/* A CPU; all zero before the first fdt_next_cpu(). */
struct fdt_cpu {
	int node;
	uint64_t mpidr; /* affinity fields at their places in MPIDR_EL1; PSCI's target_cpu */
	enum fdt_status status;
	const char *enable_method; /* "psci", "spin-table", ...; NULL: none given */
	const char *compatible;	   /* the first, most specific one; NULL: none given */
	const char *skipped;	   /* not NULL: why mpidr is not usable */
};

struct fdt_psci {
	int node; /* its compatible list tells the version: fdt_is_compatible() */
	bool smc; /* the conduit; otherwise HVC */
};

/*
 * Is there a tree at @blob, and how large? Returns its size in bytes (at most
 * @max) or -EINVAL. Safe with the MMU off and on anything that x0 may hold:
 * aligned 32-bit loads of the first 8 bytes, no calls. Volatile, so that the
 * compiler does not merge them into a wider load.
 */
static __always_inline long fdt_check_header(const void *blob, size_t max)
{
	const volatile uint32_t *header = blob;
	uint32_t size;

	/* The arm64 boot protocol places a tree on an 8-byte boundary. */
	if (!blob || (uintptr_t)blob % 8 || max < FDT_HEADER_MIN_BYTES)
		return -EINVAL;
	if (__builtin_bswap32(header[0]) != FDT_BLOB_MAGIC)
		return -EINVAL;
	size = __builtin_bswap32(header[1]);
	if (size < FDT_HEADER_MIN_BYTES || size > max || size > INT32_MAX)
		return -EINVAL;
	return (long)size;
}

/*
 * Checks the whole tree at @blob, of which @max bytes are mapped, and fills @fdt.
 * -EINVAL: malformed, see fdt_explain(); @fdt is then an empty tree, safe to ask.
 * @blob stays in use.
 */
int fdt_open(struct fdt *fdt, const void *blob, size_t max);

/* What fdt_open() found, as one line without "\n", cut to @bytes. */
void fdt_explain(const struct fdt *fdt, char *line, size_t bytes);

/* The name with its unit address ("memory@40000000"; the root's is ""); NULL: no such node. */
const char *fdt_name(const struct fdt *fdt, int node);

/* -ENOENT: no child, no further sibling. */
int fdt_first_child(const struct fdt *fdt, int node);
int fdt_next_sibling(const struct fdt *fdt, int node);

#define fdt_for_each_child(fdt, node, child)                        \
	for (child = fdt_first_child(fdt, node); (int)(child) >= 0; \
	     child = fdt_next_sibling(fdt, child))

/*
 * The next node in the order of the tree, children first; -ENOENT after the last.
 * @depth follows: set it to 0 at the node where the walk starts; leaving that
 * node's subtree ends the walk.
 */
int fdt_walk(const struct fdt *fdt, int node, int *depth);

/* Fills @chain with the nodes from the root to @node's parent; returns how many, or -EINVAL. */
int fdt_ancestors(const struct fdt *fdt, int node, int chain[FDT_MAX_DEPTH]);

/* The next property of @node into @prop; false after the last. */
bool fdt_next_prop(const struct fdt *fdt, int node, struct fdt_prop *prop);

/* The property called @name; -ENOENT: none (or no such node), and @prop is all zero. */
int fdt_get_prop(const struct fdt *fdt, int node, const char *name, struct fdt_prop *prop);

/* A property of exactly one cell; -ENOENT: none, -EINVAL: not one cell. */
int fdt_get_u32(const struct fdt *fdt, int node, const char *name, uint32_t *value);

/* The (first) string of a property; NULL: no such property, or not a terminated string. */
const char *fdt_get_str(const struct fdt *fdt, int node, const char *name);

/* The string after @prev in a list of strings, @prev = NULL for the first; NULL after the last. */
const char *fdt_next_str(const struct fdt_prop *prop, const char *prev);

/*
 * A number of @cells 32-bit cells (1 or 2, -EINVAL for others), *@at cells into
 * @prop; moves *@at past it. -ENOENT: not that many cells left.
 */
int fdt_read_cells(const struct fdt_prop *prop, uint32_t *at, unsigned cells, uint64_t *value);

/*
 * "/a/b@1/c" or "alias/c"; a part that names no child exactly takes the first of
 * that name whatever its unit address; ":" ends the path. -ENOENT: no such node.
 */
int fdt_find_path(const struct fdt *fdt, const char *path);

/* Whether @compatible is any of the strings in the node's list. */
bool fdt_is_compatible(const struct fdt *fdt, int node, const char *compatible);

/* The first such node after @node in the order of the tree; begin with @fdt->root. -ENOENT: none.
 */
int fdt_next_compatible(const struct fdt *fdt, int node, const char *compatible);

/* Whether device_type is @type, or the name without its unit address is. */
bool fdt_is_type(const struct fdt *fdt, int node, const char *type);

/* "okay", "ok" or no status at all; "disabled"; all else, and no node, is FDT_FAIL. */
enum fdt_status fdt_get_status(const struct fdt *fdt, int node);

/*
 * What @bus says about its children's addresses (default 2 and 1, as the
 * specification has it). -ERANGE: 3 address cells, a PCI bus, whose addresses
 * are not the CPU's; -EINVAL: other counts.
 */
int fdt_bus_cells(const struct fdt *fdt, int bus, struct fdt_cells *cells);

/*
 * Entry @index of `reg` as a CPU physical address, translated by the `ranges` of
 * all buses above (empty: the same address); the whole entry lies in one window.
 * -ENOENT: no such entry; -EINVAL: malformed; -ERANGE: a bus above has no
 * `ranges`, or none that holds it, or is PCI; -EOVERFLOW: base + size wraps.
 */
int fdt_get_reg(const struct fdt *fdt, int node, unsigned index, uint64_t *base, uint64_t *size);

/*
 * Ranges in the tree's order, which is no particular one; false after the last:
 *	struct fdt_region ram = { 0 };
 *	while (fdt_next_ram(fdt, &ram))
 * A range that cannot be used (empty, wrapping, malformed) comes with @skipped
 * set, so that the caller can print it.
 *
 * fdt_next_ram: every range of every child of the root that has device_type
 * "memory" or is called memory or memory@..., and is not disabled. Deeper nodes
 * of that name (in /reserved-memory, say) are not RAM.
 * fdt_next_reserved: children of /reserved-memory with a fixed address (addresses
 * are the root's, `ranges` is not asked, as in Linux); one without (placed by the
 * kernel at run time) comes with @skipped set.
 * fdt_next_memreserve: /memreserve/ entries of the blob.
 */
bool fdt_next_ram(const struct fdt *fdt, struct fdt_region *region);
bool fdt_next_reserved(const struct fdt *fdt, struct fdt_region *region);
bool fdt_next_memreserve(const struct fdt *fdt, struct fdt_region *region);

/* CPUs in the tree's order, whatever their status; false after the last. */
bool fdt_next_cpu(const struct fdt *fdt, struct fdt_cpu *cpu);

/* -ENOENT: no PSCI node that is okay; -EINVAL: its method is neither "hvc" nor "smc". */
int fdt_get_psci(const struct fdt *fdt, struct fdt_psci *psci);

/* The kernel command line; "" where there is none, or none that ends in NUL. */
const char *fdt_bootargs(const struct fdt *fdt);

/*
 * The console's node, by /chosen/stdout-path or the older linux,stdout-path;
 * -ENOENT: none named, or it does not exist. @options (may be NULL) receives
 * what stands after ":" ("1500000n8") or NULL.
 */
int fdt_stdout(const struct fdt *fdt, const char **options);
