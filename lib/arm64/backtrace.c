// SPDX-License-Identifier: MIT
/*
 * Backtraces by frame pointer, with names from the table that the build appends to rodata.
 */
#include "lib/arm64/backtrace.h"

#include "lib/log.h"
#include "lib/sections.h"

#define MAX_FRAMES 32

/* Made by tools/symbols.awk from the first link: sorted by offset from _text. */
struct symbol {
	uint32_t text_offset;
	uint32_t name; /* offset in symbol_names */
};

extern const uint32_t symbol_count;
extern const struct symbol symbol_table[];
extern const char symbol_names[];

const char *find_symbol(uint64_t pc, uint64_t *offset)
{
	uint64_t text_offset = pc - (uint64_t)_text;
	uint32_t lo = 0, hi = symbol_count;

	*offset = pc;
	if (text_offset >= (uint64_t)(_etext - _text))
		return NULL;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (symbol_table[mid].text_offset <= text_offset)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return NULL;
	*offset = text_offset - symbol_table[lo - 1].text_offset;
	return symbol_names + symbol_table[lo - 1].name;
}

void print_symbol(uint64_t pc)
{
	uint64_t offset;
	const char *name = find_symbol(pc, &offset);

	log_printf("%016lx", pc);
	if (name)
		log_printf(" %s+0x%lx", name, offset);
}

static bool on_a_stack(uint64_t fp)
{
	return (fp >= (uint64_t)_stack && fp <= (uint64_t)_stack_top - 16) ||
	       (fp >= (uint64_t)_emergency && fp <= (uint64_t)_emergency_top - 16);
}

void print_backtrace(uint64_t fp)
{
	for (int i = 0; i < MAX_FRAMES && on_a_stack(fp) && fp % 8 == 0; i++) {
		const uint64_t *frame = (const uint64_t *)fp;

		if (!frame[1])
			return;
		log_printf("  by ");
		print_symbol(frame[1] - 4); /* the call, not what follows it */
		log_printf("\n");
		if (frame[0] <= fp)
			return;
		fp = frame[0];
	}
}

bool is_stack_guard(uint64_t addr)
{
	return (addr >= (uint64_t)_stack_guard && addr < (uint64_t)_stack) ||
	       (addr >= (uint64_t)_emergency_guard && addr < (uint64_t)_emergency);
}
