// SPDX-License-Identifier: MIT
/*
 * What every struct page of RAM has to say of its head.
 */
#pragma once

#include "lib/compiler.h"

/*
 * Struct pages of which compound_head() or the flags of a tail are wrong, of those looked at: all
 * in small blocks, in larger ones every one that @all, else some and both ends. Notes the first.
 * Nothing may change meanwhile.
 */
uint64_t structs_with_wrong_head(bool all);
