// SPDX-License-Identifier: MIT
/*
 * The console of trees that are damaged: the boards' own with parts of them gone, and bytes changed
 * anywhere, of which none leads outside the tree.
 */
// sources: drivers/damaged.c drivers/driver.c drivers/8250.c drivers/pl011.c lib/fdt/fdt.c lib/fdt/fdt-open.c lib/fdt/fdt-memory.c lib/fdt/fdt-machine.c
#include "drivers/driver.h"
#include "tests/host/boards.h"
#include "tests/host/tap.h"

#define PHYS_END (1UL << 40)
#define ROCK	 "rk3588-rock-5b.extract.dts"
#define VERSAL	 "rk3588-like-map-for-versal.dts"

static uint8_t *tree;
static size_t size;

/* The drivers' registers; nothing is probed here. */
uint8_t mmio_read8(uintptr_t address)
{
	return (uint8_t)address;
}
uint16_t mmio_read16(uintptr_t address)
{
	return (uint16_t)address;
}
uint32_t mmio_read32(uintptr_t address)
{
	return (uint32_t)address;
}
void mmio_write8(uintptr_t address, uint8_t value)
{
	(void)address, (void)value;
}
void mmio_write16(uintptr_t address, uint16_t value)
{
	(void)address, (void)value;
}
void mmio_write32(uintptr_t address, uint32_t value)
{
	(void)address, (void)value;
}

static void load(const char *board)
{
	free(tree);
	tree = compile_dts("tests/boards", board, "", &size);
}

static void put(size_t at, uint32_t value)
{
	value = __builtin_bswap32(value);
	memcpy(tree + at, &value, 4);
}

/* Its address, 0: none; of @compatible, or any (NULL). */
static uint64_t guess(const char *compatible)
{
	uint64_t base = 0;
	const struct console_driver *d = guess_console(tree, size, PHYS_END, &base);

	return d && (!compatible || !strcmp(d->compatible, compatible)) ? base : 0;
}

/* All @word that are in the tree are something else. */
static void erase(const char *word)
{
	for (size_t at = 0; at + strlen(word) <= size; at++)
		if (!memcmp(tree + at, word, strlen(word)))
			tree[at] = '?';
}

static void test_whole(void)
{
	load(ROCK);
	ok(guess("snps,dw-apb-uart") == 0xfeb50000, "the console by its alias, of ten");
	put(0x38, UINT32_MAX);
	ok(guess("snps,dw-apb-uart") == 0xfeb50000, "without the root");
	put(0, 0);
	put(4, UINT32_MAX);
	ok(guess("snps,dw-apb-uart") == 0xfeb50000, "without magic and size");
	load(VERSAL);
	ok(guess("arm,pl011") == 0xff000000, "the second of two");
}

static void test_less(void)
{
	load(VERSAL);
	put(12, UINT32_MAX);
	ok(guess("arm,pl011") == 0xff010000, "where names are is not known: the first UART");
	load(VERSAL);
	erase("stdout-path");
	ok(guess("arm,pl011") == 0xff010000, "no stdout-path: the first");
	load(VERSAL);
	erase("serial2:");
	ok(guess("arm,pl011") == 0xff010000, "an alias of nothing: the first");
	load(VERSAL);
	erase("/serial@ff000000");
	ok(guess("arm,pl011") == 0xff010000, "a path that is none: the first");
	erase("arm,pl011");
	ok(guess(NULL) == 0, "no driver's name: none");
	load(VERSAL);
	erase("serial@");
	ok(guess(NULL) == 0, "no UART's name: none");
}

static void test_addresses(void)
{
	static const struct {
		const char *name;
		uint64_t base;
	} names[] = {
		{ "/serial@ff000000", 0xff000000 },
		{ "/serial@ff00000g", 0xff010000 },
		{ "/serial@", 0xff010000 },
		{ "/serial@ff000002", 0xff010000 },
		{ "/serial@fffffff000000000", 0xff010000 },
		{ "/soc/uart@1000", 0x1000 },
		{ "/pl011@2000:115200n8", 0x2000 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		static const char wanted[] = "serial2:1500000n8";

		load(VERSAL);
		/* A value of 18 bytes; what is longer runs into the next token, and ends in it. */
		for (size_t at = 0; at + sizeof(wanted) <= size; at++)
			if (!memcmp(tree + at, wanted, sizeof(wanted)))
				memcpy(tree + at, names[i].name, strlen(names[i].name) + 1);
		ok(guess("arm,pl011") == names[i].base, "%s", names[i].name);
	}
}

static void test_anything(void)
{
	uint64_t random = 1;
	unsigned found = 0;

	for (unsigned i = 0; i < 300; i++) {
		load(i % 2 ? VERSAL : "rk3588-like-map-for-raspi3b.dts");
		for (unsigned n = 0; n < 4; n++) {
			random = random * 6364136223846793005ULL + 1442695040888963407ULL;
			tree[(random >> 33) % size] = (uint8_t)(random >> 25);
		}
		found += guess(NULL) != 0;
	}
	ok(found > 250, "four bytes that are wrong, and the console is found in %u of 300", found);
	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *part = malloc(cut ? cut : 1);

		memcpy(part, tree, cut);
		guess_console(part, cut, PHYS_END, &random);
		free(part);
	}
	ok(guess_console(NULL, 0, PHYS_END, &random) == NULL, "nothing at all");
}

int main(void)
{
	if (system("command -v dtc >/dev/null")) {
		ok(true, "board trees # SKIP no dtc");
		return tap_done();
	}
	test_whole();
	test_less();
	test_addresses();
	test_anything();
	free(tree);
	return tap_done();
}
