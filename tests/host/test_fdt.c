// SPDX-License-Identifier: MIT
/*
 * The device tree reader on blobs made by hand: each way to be malformed has its
 * message and its place, and no byte, however wrong, leads outside the blob.
 */
// sources: lib/fdt/fdt.c lib/fdt/fdt-open.c lib/fdt/fdt-memory.c lib/fdt/fdt-machine.c
#include "tests/host/fdt_exercise.h"
#include "tests/host/tap.h"

enum { BEGIN = 1, END_NODE = 2, PROP = 3, NOP = 4, END = 9 };

#define WORD(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

/* Layout of the blobs below: header, one reservation and its end, strings, structure. */
#define RESERVES 40
#define STRINGS	 72
#define STRUCTS	 80
#define TOKENS	 64

static const char strings[8] = "reg\0x\0y"; /* "reg" at 0, "x" at 4, "y" at 6 */

struct blob {
	_Alignas(8) uint8_t bytes[STRUCTS + 4 * TOKENS];
	uint32_t size;
};

static void put(struct blob *blob, uint32_t at, uint32_t value)
{
	value = __builtin_bswap32(value);
	memcpy(blob->bytes + at, &value, 4);
}

static struct blob make_blob(const uint32_t *tokens, uint32_t count)
{
	uint32_t size = STRUCTS + 4 * count;
	const uint32_t header[] = {
		FDT_BLOB_MAGIC,	 size,	    STRUCTS, STRINGS, RESERVES, 17,    16, 0,
		sizeof(strings), 4 * count, 0,	     0x40000, 0,	0x1000
	};
	struct blob blob = { .size = size };

	for (uint32_t i = 0; i < ARRAY_SIZE(header); i++)
		put(&blob, 4 * i, header[i]);
	memcpy(blob.bytes + STRINGS, strings, sizeof(strings));
	for (uint32_t i = 0; i < count; i++)
		put(&blob, STRUCTS + 4 * i, tokens[i]);
	return blob;
}

/* / { reg = <..>; x; memory { reg = <1 2 3>; y = "ab"; }; cpus { }; }, with NOPs between. */
static struct blob good_blob(void)
{
	static const uint32_t tokens[] = {
		NOP,
		BEGIN,
		0,
		PROP,
		4,
		0,
		7,
		NOP,
		PROP,
		0,
		4,
		BEGIN,
		WORD('m', 'e', 'm', 'o'),
		WORD('r', 'y', 0, 0),
		PROP,
		12,
		0,
		0,
		0x100000,
		0x200000,
		PROP,
		3,
		6,
		WORD('a', 'b', 0, 0),
		NOP,
		END_NODE,
		NOP,
		BEGIN,
		WORD('c', 'p', 'u', 's'),
		0,
		END_NODE,
		END_NODE,
		NOP,
		END,
	};

	return make_blob(tokens, ARRAY_SIZE(tokens));
}

/* Opens a heap copy of exactly @bytes, calls everything, and returns fdt_open()'s result. */
static int open_copy(const uint8_t *blob, size_t bytes, struct fdt *fdt)
{
	uint8_t *copy = malloc(bytes ? bytes : 1);
	int ret;

	memcpy(copy, blob, bytes);
	ret = fdt_open(fdt, copy, bytes);
	assert((ret == 0 && !fdt->error) || (ret == -EINVAL && fdt->error));
	fdt_exercise(fdt, !ret);
	free(copy);
	return ret;
}

static void test_good(void)
{
	struct blob blob = good_blob();
	struct fdt_region region = { 0 };
	struct fdt_prop prop;
	struct fdt fdt;
	char line[40];
	int memory;

	ok(fdt_check_header(blob.bytes, blob.size) == (long)blob.size, "check_header: the size");
	ok(open_copy(blob.bytes, blob.size, &fdt) == 0, "open: a good blob");
	ok(fdt_open(&fdt, blob.bytes, sizeof(blob.bytes)) == 0, "open: more mapped than used");
	fdt_explain(&fdt, line, sizeof(line));
	ok(!strcmp(line, "device tree: well formed"), "explain: nothing wrong");
	memory = fdt_find_path(&fdt, "/memory");
	ok(memory > 0 && fdt_first_child(&fdt, memory) == -ENOENT, "a leaf has no child");
	ok(!fdt_get_prop(&fdt, memory, "y", &prop) && prop.len == 3, "a property's length");
	ok(!strcmp(fdt_get_str(&fdt, memory, "y"), "ab"), "a property's string");
	ok(fdt_get_prop(&fdt, memory, "x", &prop) == -ENOENT && !prop.data, "not the parent's");
	ok(!fdt_get_prop(&fdt, fdt.root, "x", &prop) && !prop.len, "an empty property");
	ok(fdt_get_status(&fdt, memory) == FDT_OKAY && fdt_get_status(&fdt, -ENOENT) == FDT_FAIL,
	   "status: of a node, of none");
	ok(fdt_next_sibling(&fdt, memory) == fdt_find_path(&fdt, "/cpus"), "siblings past a NOP");
	ok(fdt_next_ram(&fdt, &region) && region.base == 0x100000 && !fdt_next_ram(&fdt, &region),
	   "default cells: 2 and 1");
	region = (struct fdt_region){ 0 };
	ok(fdt_next_memreserve(&fdt, &region) && region.base == 0x40000 && region.size == 0x1000 &&
		   !fdt_next_memreserve(&fdt, &region),
	   "one reservation");
}

static void test_header(void)
{
	static const struct {
		const char *field;
		uint32_t at, value;
		const char *message; /* NULL: readable all the same */
		uint32_t error_at;
	} rows[] = {
		{ "magic", 0, 0xedfe0dd0, "no magic", 0 },
		{ "totalsize 0", 4, 0, "totalsize", 4 },
		{ "totalsize 39", 4, 39, "totalsize", 4 },
		{ "totalsize max", 4, 0xffffffff, "totalsize", 4 },
		{ "totalsize one too small", 4, STRUCTS + 4 * 34 - 1, "structure block longer",
		  36 },
		{ "off_dt_struct odd", 8, STRUCTS + 2, "misaligned", 8 },
		{ "off_dt_struct in header", 8, 36, "structure block misaligned", 8 },
		{ "off_dt_struct outside", 8, 0x10000, "outside", 8 },
		{ "off_dt_struct huge", 8, 0xfffffffc, "outside", 8 },
		{ "off_dt_strings in header", 12, 39, "strings block outside", 12 },
		{ "off_dt_strings outside", 12, 0xffffffff, "strings block outside", 12 },
		{ "off_mem_rsvmap odd", 16, RESERVES + 4, "reservations misaligned", 16 },
		{ "off_mem_rsvmap in header", 16, 32, "reservations misaligned", 16 },
		{ "off_mem_rsvmap outside", 16, 0x10000, "reservations without", 0x10000 },
		{ "off_mem_rsvmap huge", 16, 0xfffffff8, "reservations without", 0xfffffff8 },
		{ "version 15", 20, 15, "older than 16", 20 },
		{ "version 16", 20, 16, NULL, 0 },
		{ "version 18", 20, 18, NULL, 0 },
		{ "last_comp_version 18", 24, 18, "newer than 17", 24 },
		{ "last_comp_version 17", 24, 17, NULL, 0 },
		{ "boot_cpuid", 28, 0xffffffff, NULL, 0 },
		{ "size_dt_strings huge", 32, 0xffffffff, "strings block longer", 32 },
		{ "size_dt_strings 0", 32, 0, "name outside", STRUCTS + 12 },
		{ "size_dt_struct huge", 36, 0xffffffff, "structure block longer", 36 },
		{ "size_dt_struct 0", 36, 0, "without FDT_END", STRUCTS },
		{ "size_dt_struct -4", 36, 4 * 33, "without FDT_END", STRUCTS + 4 * 33 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct blob blob = good_blob();
		struct fdt fdt;
		int ret;

		put(&blob, rows[i].at, rows[i].value);
		ret = open_copy(blob.bytes, blob.size, &fdt);
		ok(rows[i].message ? ret == -EINVAL && strstr(fdt.error, rows[i].message) &&
					     fdt.error_at == rows[i].error_at
				   : !ret,
		   "header: %s (%s, 0x%x)", rows[i].field, fdt.error ? fdt.error : "read",
		   fdt.error_at);
	}
}

static void test_place(void)
{
	struct blob blob = good_blob();
	struct fdt fdt;
	char line[80];

	ok(fdt_check_header(NULL, 4096) == -EINVAL && fdt_open(&fdt, NULL, 4096) == -EINVAL,
	   "NULL is no tree");
	memmove(blob.bytes + 4, blob.bytes, blob.size);
	ok(fdt_check_header(blob.bytes + 4, blob.size) == -EINVAL &&
		   fdt_open(&fdt, blob.bytes + 4, blob.size) == -EINVAL,
	   "4-byte alignment is not enough");
	fdt_explain(&fdt, line, sizeof(line));
	ok(!strcmp(line, "device tree: blob not on an 8-byte boundary (offset 0x0)"), "explain: %s",
	   line);
	fdt_explain(&fdt, line, 8);
	ok(!strcmp(line, "device "), "explain: cut to the buffer");
	ok(fdt.root == 0 && fdt_name(&fdt, fdt.root) == NULL && *fdt_bootargs(&fdt) == '\0' &&
		   fdt_find_path(&fdt, "/") == -ENOENT,
	   "a refused tree is empty");
}

static void test_structure(void)
{
	static const struct {
		const char *what;
		uint32_t tokens[12];
		const char *message;
		uint32_t error_at;
	} rows[] = {
		{ "two roots", { BEGIN, 0, END_NODE, BEGIN, 0, END_NODE, END }, "second root", 12 },
		{ "no root", { NOP, END }, "no root", 4 },
		{ "END in a node", { BEGIN, 0, END }, "inside a node", 8 },
		{ "END_NODE first", { END_NODE, END }, "outside any node", 0 },
		{ "END_NODE twice", { BEGIN, 0, END_NODE, END_NODE, END }, "outside any", 12 },
		{ "prop first", { PROP, 0, 0, END }, "outside a node", 0 },
		{ "prop last", { BEGIN, 0, END_NODE, PROP, 0, 0, END }, "outside a node", 12 },
		{ "prop after a child",
		  { BEGIN, 0, BEGIN, 0, END_NODE, PROP, 0, 0, END_NODE, END },
		  "after a child",
		  20 },
		{ "tag 0", { BEGIN, 0, 0, END_NODE, END }, "unknown token", 8 },
		{ "tag 5", { BEGIN, 0, 5, END_NODE, END }, "unknown token", 8 },
		{ "little-endian tag", { BEGIN, 0, 2U << 24, END }, "unknown token", 8 },
		{ "prop name outside",
		  { BEGIN, 0, PROP, 0, 8, END_NODE, END },
		  "outside the str",
		  8 },
		{ "prop name huge",
		  { BEGIN, 0, PROP, 0, ~0U, END_NODE, END },
		  "outside the str",
		  8 },
		{ "prop too long", { BEGIN, 0, PROP, 180, 0, END_NODE, END }, "value longer", 8 },
		{ "prop huge", { BEGIN, 0, PROP, ~0U, 0, END_NODE, END }, "value longer", 8 },
		{ "prop eats END",
		  { BEGIN, 0, PROP, 28, 0, END_NODE, END },
		  "without FDT_END",
		  48 },
		{ "name without NUL",
		  { BEGIN, ~0U, ~0U, ~0U, ~0U, ~0U, ~0U, ~0U, ~0U, ~0U, ~0U, ~0U },
		  "name without an end",
		  0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct blob blob = make_blob(rows[i].tokens, ARRAY_SIZE(rows[i].tokens));
		struct fdt fdt;
		int ret = open_copy(blob.bytes, blob.size, &fdt);

		ok(ret && strstr(fdt.error, rows[i].message) &&
			   fdt.error_at == STRUCTS + rows[i].error_at,
		   "structure: %s (%s, 0x%x)", rows[i].what, fdt.error ? fdt.error : "read",
		   fdt.error_at);
	}
}

static void test_strings_end(void)
{
	struct blob blob = good_blob();
	struct fdt fdt;

	put(&blob, 32, 7); /* "y" at 6 loses its NUL */
	ok(open_copy(blob.bytes, blob.size, &fdt) == -EINVAL &&
		   !strcmp(fdt.error, "property name without an end"),
	   "a property name that ends with the strings block");
}

/* @depth nodes within each other, in a heap block of 64 KiB; @bytes of it used. */
static uint8_t *nested_blob(uint32_t depth, size_t *bytes)
{
	struct blob start = good_blob();
	uint8_t *blob = calloc(1, 65536);
	uint32_t *token = (uint32_t *)(blob + STRUCTS);

	*bytes = STRUCTS + 4 * (3 * depth + 1);
	put(&start, 4, (uint32_t)*bytes);
	put(&start, 36, (uint32_t)*bytes - STRUCTS);
	memcpy(blob, start.bytes, STRUCTS);
	for (uint32_t i = 0; i < depth; i++, token += 2)
		*token = __builtin_bswap32(BEGIN);
	for (uint32_t i = 0; i < depth; i++)
		*token++ = __builtin_bswap32(END_NODE);
	*token = __builtin_bswap32(END);
	return blob;
}

static void test_depth(void)
{
	struct fdt fdt;
	size_t bytes;
	uint8_t *blob = nested_blob(FDT_MAX_DEPTH + 1, &bytes), *shallow;
	int chain[FDT_MAX_DEPTH], node, depth = 0;

	open_copy(blob, bytes, &fdt);
	ok(fdt.error && strstr(fdt.error, "deeper"), "65 nodes deep: %s", fdt.error);
	shallow = nested_blob(FDT_MAX_DEPTH, &bytes);
	ok(!open_copy(shallow, bytes, &fdt), "64 nodes deep: read");

	fdt_open(&fdt, shallow, bytes);
	memcpy(shallow + STRUCTS, blob + STRUCTS, bytes - STRUCTS);
	for (node = fdt.root; depth < FDT_MAX_DEPTH; node = fdt_walk(&fdt, node, &depth))
		;
	ok(fdt_name(&fdt, node) && fdt_ancestors(&fdt, node, chain) == -EINVAL,
	   "a tree that becomes deeper after the check");
	free(blob);
	free(shallow);
}

static void test_lists(void)
{
	/* / { reg = "ab" without its NUL; x = "", "c", and "d" without its NUL; } */
	static const uint32_t tokens[] = {
		BEGIN,	  0,   PROP, 2, 0, WORD('a', 'b', 0, 0), PROP, 4, 4, WORD(0, 'c', 0, 'd'),
		END_NODE, END,
	};
	struct blob blob = make_blob(tokens, ARRAY_SIZE(tokens));
	const char *first, *second;
	struct fdt_prop prop;
	struct fdt fdt;

	ok(!open_copy(blob.bytes, blob.size, &fdt), "open: strings without an end");
	fdt_open(&fdt, blob.bytes, blob.size);
	ok(!fdt_get_str(&fdt, fdt.root, "reg"), "get_str: not without a NUL");
	fdt_get_prop(&fdt, fdt.root, "x", &prop);
	first = fdt_next_str(&prop, NULL);
	second = fdt_next_str(&prop, first);
	ok(first && !*first && second && !strcmp(second, "c") && !fdt_next_str(&prop, second),
	   "next_str: an empty one, one, and none without a NUL");
}

/* Cut anywhere, with and without a header that admits it. */
static void test_truncation(void)
{
	struct blob blob = good_blob();
	unsigned refused = 0, refused_admitted = 0;
	struct fdt fdt;

	for (uint32_t n = 0; n < blob.size; n++) {
		struct blob cut = blob;

		refused += open_copy(blob.bytes, n, &fdt) == -EINVAL;
		put(&cut, 4, n);
		refused_admitted += open_copy(cut.bytes, n, &fdt) == -EINVAL;
		put(&cut, 20, 16); /* version 16 has no size of the structure block either */
		refused_admitted += open_copy(cut.bytes, n, &fdt) == -EINVAL;
	}
	ok(refused == blob.size, "all %u truncations refused", blob.size);
	ok(refused_admitted == 2 * blob.size, "and with totalsize to match (%u)", 2 * blob.size);
}

static void test_flips(void)
{
	static const uint8_t patterns[] = { 0x01, 0x02, 0x04, 0x08, 0x10, 0x20,
					    0x40, 0x80, 0xff, 0x7f, 0x0b };
	struct blob blob = good_blob();
	unsigned good = 0, bad = 0;
	struct fdt fdt;

	for (uint32_t at = 0; at < blob.size; at++) {
		for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
			int ret;

			blob.bytes[at] ^= patterns[i];
			ret = open_copy(blob.bytes, blob.size, &fdt);
			good += !ret;
			bad += ret == -EINVAL;
			blob.bytes[at] ^= patterns[i];
		}
	}
	ok(good + bad == blob.size * ARRAY_SIZE(patterns) && good && bad,
	   "every byte flipped: %u read, %u refused", good, bad);
}

/* Bytes that change after the check. */
static void test_changed_later(void)
{
	struct blob blob = good_blob();
	uint8_t *copy = malloc(blob.size);
	unsigned long long seed = 1;
	struct fdt fdt;

	for (unsigned round = 0; round < 20000; round++) {
		memcpy(copy, blob.bytes, blob.size);
		if (fdt_open(&fdt, copy, blob.size))
			break;
		for (unsigned i = 0; i < 1 + round % 8; i++)
			copy[tap_random(&seed) % blob.size] = (uint8_t)tap_random(&seed);
		fdt_exercise(&fdt, false);
	}
	ok(!fdt.error, "20000 trees that change after the check");
	free(copy);
}

int main(void)
{
	test_good();
	test_header();
	test_place();
	test_structure();
	test_strings_end();
	test_depth();
	test_lists();
	test_truncation();
	test_flips();
	test_changed_later();
	return tap_done();
}
