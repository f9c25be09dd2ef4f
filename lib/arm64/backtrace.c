// SPDX-License-Identifier: MIT
/*
 * Backtraces by frame pointer, with names from the table that the build appends to rodata.
 */
#include "lib/arm64/backtrace.h"

#include "lib/arm64/stack.h"
#include "lib/log.h"
#include "lib/sections.h"

DEFINE_PER_CPU(uint64_t, stack_top);
DEFINE_PER_CPU(uint64_t, emergency_top);

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

/* Whether [@addr, @addr + 16) lies in the stack that ends at @top. */
static bool in_stack(uint64_t addr, uint64_t top)
{
	return addr >= top - STACK_BYTES && addr <= top - 16;
}

static bool on_a_stack(uint64_t fp)
{
	return in_stack(fp, this_cpu(stack_top)) || in_stack(fp, this_cpu(emergency_top));
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

static bool in_guard(uint64_t addr, uint64_t top)
{
	return addr >= top - STACK_PAIR_BYTES && addr < top - STACK_BYTES;
}

bool is_stack_guard(uint64_t addr)
{
	return in_guard(addr, this_cpu(stack_top)) || in_guard(addr, this_cpu(emergency_top));
}
