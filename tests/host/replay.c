// SPDX-License-Identifier: MIT
/*
 * The replayer: `replay FILE`. Exit status 0: no rule is broken, 1: some are, 2: no trace.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mm/arm64/layout.h"
#include "tests/host/replay.h"

static char *read_all(FILE *file, size_t *len)
{
	size_t room = 1 << 20;
	char *text = malloc(room);

	for (*len = 0; text;) {
		size_t got = fread(text + *len, 1, room - *len, file);

		*len += got;
		if (!got)
			break;
		if (*len == room)
			text = realloc(text, room *= 2);
	}
	return ferror(file) ? NULL : text;
}

int main(int argc, char **argv)
{
	FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
	struct replayed result;
	size_t len;
	char *text;

	if (!file || !(text = read_all(file, &len))) {
		fprintf(stderr, argc == 2 ? "%s: cannot be read\n" : "usage: replay FILE\n",
			argv[1]);
		return 2;
	}
	result = replay(argv[1], text, len, true, PHYS_END);
	free(text);
	fclose(file);
	if (result.error[0]) {
		fprintf(stderr, "%s\n", result.error);
		return 2;
	}
	printf("%s: %lu events, %u reports\n", argv[1], result.events, result.reports);
	return result.reports ? 1 : 0;
}
