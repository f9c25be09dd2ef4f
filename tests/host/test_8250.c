// SPDX-License-Identifier: MIT
/*
 * The 8250 console against a model of the UART that breaks on every access that such a UART may
 * not see, and which UART of a tree is the console.
 */
// sources: drivers/8250.c drivers/driver.c lib/fdt/fdt.c lib/fdt/fdt-open.c lib/fdt/fdt-memory.c lib/fdt/fdt-machine.c
// libs: -lfdt
#include <errno.h>
#include <string.h>

#define fdt_check_header libfdt_check_header /* the one name that both readers have */
#include <libfdt.h>
#undef fdt_check_header

#include "drivers/8250.h"
#include "drivers/driver.h"
#include "tests/host/boards.h"
#include "tests/host/tap.h"

#define BASE  0xfeb50000UL
#define NEVER UINT32_MAX

/* --- the model ------------------------------------------------------------------------------ */

static struct {
	/* What it is. */
	unsigned shift, width, offset;
	unsigned slow; /* reads of LSR until a byte has moved on; NEVER: it stopped */
	bool busy_detect, designware;
	/* What it holds. */
	char sent[256], line[256]; /* all that went into THR; what of it is on the line */
	unsigned nr_sent, nr_line, reads, total_reads;
	const char *input; /* what comes in */
	const char *broken;
} model;

static void breaks(const char *rule)
{
	if (!model.broken)
		model.broken = rule;
}

/* The number of the register, or of none. */
static unsigned reg_at(uintptr_t address, unsigned width)
{
	uintptr_t at = address - BASE - model.offset;

	if (width != model.width)
		breaks("an access of another width");
	if (at & ((1u << model.shift) - 1) || at >> model.shift > 31)
		breaks("an access between registers");
	return at >> model.shift;
}

/* One byte at a time goes from the FIFO to the line, each after `slow` reads of LSR. */
static uint32_t read_lsr(void)
{
	bool waits = model.nr_line < model.nr_sent;

	model.total_reads++;
	if (waits && model.slow != NEVER && ++model.reads > model.slow) {
		model.line[model.nr_line] = model.sent[model.nr_line];
		model.nr_line++;
		model.reads = 0;
	}
	waits = model.nr_line < model.nr_sent;
	/* The shift register has the first byte of those that are not on the line yet. */
	return (model.input && *model.input ? UART_LSR_DR : 0) |
	       (model.nr_sent - model.nr_line < 2 && model.slow != NEVER ? UART_LSR_THRE : 0) |
	       (waits ? 0 : UART_LSR_TEMT);
}

static uint32_t model_read(uintptr_t address, unsigned width)
{
	switch (reg_at(address, width)) {
	case UART_RBR:
		if (!model.input || !*model.input)
			breaks("RBR read without a byte");
		return model.input && *model.input ? (unsigned char)*model.input++ : 0;
	case UART_IIR:
		return 0xc0 | (model.busy_detect ? 7 : 1);
	case UART_LSR:
		return read_lsr();
	case UART_USR:
		if (!model.designware)
			breaks("USR read where there is none");
		model.busy_detect = false;
		return 0;
	}
	breaks("a register read that nobody needs");
	return 0;
}

static void model_write(uintptr_t address, unsigned width, uint32_t value)
{
	if (reg_at(address, width) != UART_THR) {
		breaks("a write to another register than THR");
		return;
	}
	if (model.nr_sent - model.nr_line >= 2 || value > 0xff)
		breaks("THR written without THRE, or with more than a byte");
	if (model.nr_sent < sizeof(model.sent))
		model.sent[model.nr_sent++] = (char)value;
}

/* Noise in the bits above the byte: nothing says that they read zero. */
uint8_t mmio_read8(uintptr_t address)
{
	return (uint8_t)model_read(address, 1);
}

uint16_t mmio_read16(uintptr_t address)
{
	return (uint16_t)(model_read(address, 2) | 0xa500);
}

uint32_t mmio_read32(uintptr_t address)
{
	return model_read(address, 4) | 0xa5a5a500;
}

void mmio_write8(uintptr_t address, uint8_t value)
{
	model_write(address, 1, value);
}

void mmio_write16(uintptr_t address, uint16_t value)
{
	model_write(address, 2, value);
}

void mmio_write32(uintptr_t address, uint32_t value)
{
	model_write(address, 4, value);
}

/* --- trees ---------------------------------------------------------------------------------- */

#define NONE UINT32_MAX

/* A UART in a tree; NONE: the property is not there. */
struct node {
	const char *name, *compatible, *status;
	uint64_t base;
	uint32_t shift, width, offset;
};

static _Alignas(8) char blob[4096];
static struct fdt fdt;

static void put_cell(const char *name, uint32_t value)
{
	if (value != NONE)
		fdt_property_u32(blob, name, value);
}

static void put_node(const struct node *n)
{
	uint64_t reg[2] = { cpu_to_fdt64(n->base), cpu_to_fdt64(0x100) };

	fdt_begin_node(blob, n->name);
	fdt_property(blob, "compatible", n->compatible, strlen(n->compatible) + 1);
	if (n->status)
		fdt_property_string(blob, "status", n->status);
	fdt_property(blob, "reg", reg, sizeof(reg));
	put_cell("reg-shift", n->shift);
	put_cell("reg-io-width", n->width);
	put_cell("reg-offset", n->offset);
	fdt_end_node(blob);
}

/* A tree with @count UARTs and @stdout (may be NULL); /aliases has serial2 for @alias. */
static void plant(const struct node *nodes, unsigned count, const char *stdout_path,
		  const char *alias)
{
	fdt_create(blob, sizeof(blob));
	fdt_finish_reservemap(blob);
	fdt_begin_node(blob, "");
	fdt_property_u32(blob, "#address-cells", 2);
	fdt_property_u32(blob, "#size-cells", 2);
	fdt_begin_node(blob, "aliases");
	if (alias)
		fdt_property_string(blob, "serial2", alias);
	fdt_end_node(blob);
	fdt_begin_node(blob, "chosen");
	if (stdout_path)
		fdt_property_string(blob, "stdout-path", stdout_path);
	fdt_end_node(blob);
	for (unsigned i = 0; i < count; i++)
		put_node(&nodes[i]);
	fdt_end_node(blob);
	fdt_finish(blob);
	if (fdt_open(&fdt, blob, sizeof(blob)))
		ok(false, "the test's tree: %s", fdt.error);
}

/* The console of a tree with just this UART, as boot brings it up; NULL: nobody drives it. */
static const struct console *bring_up(const struct node *n)
{
	const struct console_driver *driver;
	uint64_t base;
	int node;

	plant(n, 1, "/serial", NULL);
	node = find_console(&fdt, 1UL << 40, &driver, &base);
	return node > 0 ? driver->probe(&fdt, node, (void *)base) : NULL;
}

/* A fresh model of that shape, and the console on it. */
static const struct console *start(const char *compatible, unsigned shift, unsigned width,
				   unsigned offset)
{
	const struct node n = { "serial@feb50000", compatible, NULL, BASE, shift, width, offset };

	memset(&model, 0, sizeof(model));
	model.shift = shift == NONE ? 0 : shift;
	model.width = width == NONE ? 1 : width;
	model.offset = offset == NONE ? 0 : offset;
	model.designware = !strcmp(compatible, "snps,dw-apb-uart");
	return bring_up(&n);
}

static const char text[] = "tlbed: exit status 0\r\n";

static bool sends(const struct console *console)
{
	if (!console)
		return false;
	console->write(text, sizeof(text) - 1);
	console->drain();
	return model.nr_line == sizeof(text) - 1 && !memcmp(model.line, text, model.nr_line) &&
	       !model.broken;
}

/* --- tests ---------------------------------------------------------------------------------- */

static void test_layouts(void)
{
	static const struct {
		uint32_t shift, width, offset;
		bool good;
	} cases[] = {
		{ NONE, NONE, NONE, true }, { 2, 4, NONE, true },	 { 2, 1, NONE, true },
		{ 2, 2, NONE, true },	    { 1, 2, NONE, true },	 { 1, 1, NONE, true },
		{ 0, 1, 0x40, true },	    { 2, 4, 0x80, true },	 { 0, 1, 0xe0, true },
		{ 0, 2, NONE, false },	    { 1, 4, NONE, false },	 { 2, 3, NONE, false },
		{ 2, 8, NONE, false },	    { 2, 0, NONE, false },	 { 3, 4, NONE, false },
		{ 32, 4, NONE, false },	    { 2, 4, 2, false },		 { 2, 4, 0x84, false },
		{ 0, 1, 0xe1, false },	    { 2, 4, 0xfffffffc, false },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct console *console =
			start("ns16550a", cases[i].shift, cases[i].width, cases[i].offset);
		bool good = cases[i].good ? sends(console) : !console;

		ok(good, "reg-shift %d, reg-io-width %d, reg-offset %d: %s %s", (int)cases[i].shift,
		   (int)cases[i].width, (int)cases[i].offset,
		   cases[i].good ? "drives it" : "is left alone", model.broken ? model.broken : "");
	}
	ok(sends(start("ns16550", NONE, NONE, NONE)), "ns16550");
	ok(!start("rockchip,rk3588-uart", 2, 4, NONE), "not by the name of one SoC's alone");
}

static void test_transmit(void)
{
	const struct console *console = start("snps,dw-apb-uart", 2, 4, NONE);

	model.slow = 1000;
	ok(sends(console), "THRE that comes late is waited for %s",
	   model.broken ? model.broken : "");
	console = start("snps,dw-apb-uart", 2, 4, NONE);
	model.slow = 1000;
	console->write(text, 5);
	ok(model.nr_line < 5, "bytes are on their way when a write is over");
	console->drain();
	ok(model.nr_line == 5 && !model.broken, "and out when it is drained");

	console = start("snps,dw-apb-uart", 2, 4, NONE);
	model.slow = NEVER;
	console->write(text, 10);
	console->write(text, 10);
	console->drain();
	ok(model.total_reads < UART_SPIN_LIMIT + 100 && !model.nr_sent && !model.broken,
	   "one that stops costs one wait, not one a byte");
	model.slow = 0;
	console->write(text, 3);
	console->drain();
	ok(model.nr_line == 3 && !memcmp(model.line, text, 3), "and is used when it goes on");
}

static void test_receive(void)
{
	const struct console *console = start("snps,dw-apb-uart", 2, 4, NONE);

	ok(console->read() == -1, "no byte came");
	model.input = "a\xff";
	ok(console->read() == 'a' && console->read() == 0xff && console->read() == -1 &&
		   !model.broken,
	   "bytes as they came, none twice");
	model.input = "b";
	ok(sends(console) && console->read() == 'b', "what came while it was written is not lost");
}

static void test_busy_detect(void)
{
	const struct console *console;
	const struct node n = { "serial@feb50000", "snps,dw-apb-uart", NULL, BASE, 2, 4, NONE };

	start("snps,dw-apb-uart", 2, 4, NONE);
	model.busy_detect = true;
	console = bring_up(&n);
	ok(!model.busy_detect && sends(console), "a busy detect left pending is cleared by USR");
	start("ns16550a", 2, 4, NONE);
	ok(!model.broken, "others have no USR");

	/* Of a broken tree only the name of a UART is known. */
	start("snps,dw-apb-uart", 2, 4, NONE);
	for (const struct console_driver *d = __start_drivers; d < __stop_drivers; d++)
		if (!strcmp(d->compatible, "snps,dw-apb-uart"))
			ok(sends(d->probe(&fdt, -ENOENT, (void *)BASE)),
			   "without a node: the layout that all of them have");
}

/* What find_console() says: the address, 0 for none. */
static uint64_t chosen(const struct node *nodes, unsigned count, const char *stdout_path)
{
	const struct console_driver *driver;
	uint64_t base;

	plant(nodes, count, stdout_path, "/serial@30");
	return find_console(&fdt, 1UL << 40, &driver, &base) > 0 ? base : 0;
}

static void test_choice(void)
{
	const struct node nodes[] = {
		{ "serial@10", "ns16550a", "disabled", 0x1000, NONE, NONE, NONE },
		{ "serial@20", "acme,uart", NULL, 0x2000, NONE, NONE, NONE },
		{ "serial@30", "ns16550a", NULL, 0x3000, NONE, NONE, NONE },
		{ "serial@40", "ns16550a", NULL, 0x4000, 2, 4, NONE },
		{ "serial@50", "ns16550a", NULL, 0x5000, 0, 4, NONE },
	};
	const struct node far = { "serial@60", "ns16550a", NULL, 1UL << 40, NONE, NONE, NONE };
	const struct node odd = { "serial@70", "ns16550a", NULL, 0x7001, NONE, NONE, NONE };

	ok(chosen(nodes, 5, "/serial@40:1500000n8") == 0x4000, "a path with line settings");
	ok(chosen(nodes, 5, "serial2:1500000n8") == 0x3000, "an alias with line settings");
	ok(chosen(nodes, 5, NULL) == 0x3000, "no stdout-path: the first that is enabled");
	ok(chosen(nodes, 5, "serial9:1500000n8") == 0x3000, "an alias of nothing: the same");
	ok(chosen(nodes, 5, "/serial@20") == 0x3000, "one that nobody drives: another one");
	ok(chosen(nodes, 5, "/serial@50") == 0x3000, "a layout that nobody drives: another one");
	ok(chosen(nodes, 2, NULL) == 0, "none enabled, none known: none");
	ok(chosen(&nodes[4], 1, "/serial@50") == 0, "none with a layout: none");
	ok(chosen(&far, 1, NULL) == 0 && chosen(&odd, 1, NULL) == 0, "no possible address: none");
}

/* The boards' own trees. */
static void test_boards(void)
{
	static const struct {
		const char *board;
		uint64_t base;
	} boards[] = {
		{ "rk3588-rock-5b.extract.dts", 0xfeb50000 },
		{ "rk3588-nanopc-t6.extract.dts", 0xfeb50000 },
		{ "rk3588s-orangepi-5.extract.dts", 0xfeb50000 },
		{ "rk3588-like-map-for-raspi3b.dts", 0x3f215040 },
	};
	const struct console_driver *driver;
	uint64_t base;
	size_t size;

	for (unsigned i = 0; i < ARRAY_SIZE(boards); i++) {
		uint8_t *tree = compile_dts("tests/boards", boards[i].board, "", &size);
		struct uart_8250 layout = { 0 };
		int node = fdt_open(&fdt, tree, size);

		if (!node)
			node = find_console(&fdt, 1UL << 40, &driver, &base);
		ok(node > 0 && base == boards[i].base &&
			   !strcmp(driver->compatible, "snps,dw-apb-uart") &&
			   !uart_8250_layout(&fdt, node, base, &layout) && layout.shift == 2 &&
			   layout.width == 4,
		   "%s", boards[i].board);
		free(tree);
	}
}

int main(void)
{
	test_layouts();
	test_transmit();
	test_receive();
	test_busy_detect();
	test_choice();
	if (system("command -v dtc >/dev/null"))
		ok(true, "board trees # SKIP no dtc");
	else
		test_boards();
	return tap_done();
}
