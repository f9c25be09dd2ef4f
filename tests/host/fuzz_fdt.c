// SPDX-License-Identifier: MIT
/*
 * Fuzzes the device tree reader. Input with the magic number is a blob; other
 * input is a structure block, which gets a header around it, so that the fuzzer
 * is inside the tree without having to guess one. Good seeds: dtc's output for
 * tests/boards/.
 */
// sources: lib/fdt/fdt.c lib/fdt/fdt-open.c lib/fdt/fdt-memory.c lib/fdt/fdt-machine.c
#include "tests/host/fdt_exercise.h"

static void put_be32(uint8_t *p, uint32_t value)
{
	value = __builtin_bswap32(value);
	memcpy(p, &value, 4);
}

/* A header, an empty list of reservations, then the input as structure and strings block both. */
static uint8_t *wrap(const uint8_t *data, size_t len, size_t *size)
{
	uint8_t *blob = calloc(1, 56 + len);
	uint32_t fields[10] = { FDT_BLOB_MAGIC, 56 + (uint32_t)len, 56, 56, 40, 17, 16, 0,
				(uint32_t)len,	(uint32_t)len };

	for (int i = 0; i < 10; i++)
		put_be32(blob + 4 * i, fields[i]);
	memcpy(blob + 56, data, len);
	*size = 56 + len;
	return blob;
}

static uint8_t *take(const uint8_t *data, size_t len, size_t *size)
{
	uint8_t *blob;

	if (len < 4 || data[0] != 0xd0 || data[1] != 0x0d)
		return wrap(data, len, size);
	blob = malloc(len);
	memcpy(blob, data, len);
	*size = len;
	return blob;
}

/* FNV-1a: which bytes to break next is a function of the input alone. */
static uint64_t hash(const uint8_t *data, size_t len)
{
	uint64_t h = 0xcbf29ce484222325;

	while (len--)
		h = (h ^ *data++) * 0x100000001b3;
	return h;
}

/* Bytes that change after the check: later calls stay inside all the same. */
static void break_and_exercise(const struct fdt *fdt, uint8_t *blob, size_t size)
{
	uint64_t h = hash(blob, size);

	for (int i = 0; i < 8; i++) {
		h = h * 6364136223846793005ULL + 1442695040888963407ULL;
		blob[(h >> 33) % size] ^= (uint8_t)(h >> 24);
	}
	fdt_exercise(fdt, false);
}

/* Never checked at all: the whole blob is structure, strings and reservations. */
static void exercise_unchecked(const uint8_t *blob, size_t size)
{
	struct fdt fdt = { .blob = blob,
			   .size = (uint32_t)size,
			   .structs_end = (uint32_t)size,
			   .strings_end = (uint32_t)size,
			   .reserves_end = (uint32_t)size,
			   .root = 56 };

	fdt_exercise(&fdt, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fdt fdt;
	char line[128];
	size_t size;
	uint8_t *blob = take(data, len, &size);
	int ret = fdt_open(&fdt, blob, size);

	fdt_explain(&fdt, line, sizeof(line));
	assert(ret == (fdt.error ? -EINVAL : 0) && strlen(line) < sizeof(line) - 1);
	fdt_exercise(&fdt, !ret);
	if (!ret)
		break_and_exercise(&fdt, blob, size);
	else
		exercise_unchecked(blob, size);
	free(blob);
	return 0;
}
