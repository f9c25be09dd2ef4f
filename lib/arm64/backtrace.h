// SPDX-License-Identifier: MIT
/*
 * Names for addresses, and the chain of frames.
 */
#pragma once

#include "lib/compiler.h"

/* The function that @pc is in, and how far; NULL, and @pc itself, where there is none. */
const char *find_symbol(uint64_t pc, uint64_t *offset);

/* Prints `name+0xoffset` of the function that @pc is in, or the address alone. */
void print_symbol(uint64_t pc);

/* Prints the return addresses from frame pointer @fp up, on this CPU; stops at what is no frame. */
void print_backtrace(uint64_t fp);

/* Whether @addr is in the guard below a stack of this CPU. */
bool is_stack_guard(uint64_t addr);
