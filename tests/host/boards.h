// SPDX-License-Identifier: MIT
/*
 * The trees of tests/boards/, compiled by dtc.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All of @file in a buffer of exactly *@size bytes, so that ASan sees what is read past it. */
static uint8_t *slurp(FILE *file, size_t *size)
{
	static uint8_t buffer[4 << 20];
	uint8_t *blob;

	*size = file ? fread(buffer, 1, sizeof(buffer), file) : 0;
	blob = malloc(*size ? *size : 1);
	memcpy(blob, buffer, *size);
	return blob;
}

/* The blob that dtc, called with @options, makes of @dir/@board; the caller frees it. */
static uint8_t *compile_dts(const char *dir, const char *board, const char *options, size_t *size)
{
	char command[1024];
	uint8_t *blob;
	FILE *pipe;

	snprintf(command, sizeof(command), "dtc -q -I dts -O dtb %s '%s/%s'", options, dir, board);
	pipe = popen(command, "r");
	blob = slurp(pipe, size);
	if (pipe)
		pclose(pipe);
	return blob;
}
