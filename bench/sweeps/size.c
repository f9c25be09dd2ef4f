// SPDX-License-Identifier: MIT
/*
 * Bytes in the unit that names use.
 */
#include <stdio.h>

#include "bench/sweeps/size.h"

const char *size_text(char text[SIZE_TEXT_MAX], uint64_t bytes)
{
	static const char units[] = { 'G', 'M', 'K' };

	for (unsigned i = 0; i < ARRAY_SIZE(units); i++) {
		unsigned shift = 30 - 10 * i;

		if (bytes && IS_ALIGNED(bytes, 1UL << shift)) {
			snprintf(text, SIZE_TEXT_MAX, "%lu%c", bytes >> shift, units[i]);
			return text;
		}
	}
	snprintf(text, SIZE_TEXT_MAX, "%lu", bytes);
	return text;
}
