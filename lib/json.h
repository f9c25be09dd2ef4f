// SPDX-License-Identifier: MIT
/*
 * Writes one JSON object as one line with a CRC at its end: a record of the results.
 *
 *	struct json json;
 *	char line[2 * KiB];
 *
 *	json_begin(&json, line, sizeof(line));
 *	json_string(&json, "name", "vmap/1M/tlbed");
 *	json_unsigned(&json, "instructions", 4711);
 *	json_emit(&json);
 *
 * There is no heap: the caller gives the room. A line that does not fit, like any
 * other misuse, is a bug of the caller and panics. Any context; one CPU per object.
 */
#pragma once

#include "lib/compiler.h"

#define JSON_DEPTH_MAX 8

struct json {
	char *line;
	size_t size, len;
	bool first;		    /* the next value needs no comma */
	unsigned depth;		    /* open objects and arrays, the outermost included */
	char close[JSON_DEPTH_MAX]; /* what closes each */
};

/* Opens the line's object in @line of @size bytes; 2 KiB are ample without samples[]. */
void json_begin(struct json *json, char *line, size_t size);

/*
 * Ends the object with `,"crc":"xxxxxxxx"}`, where x is the CRC-32 of all bytes before
 * that, and logs the line. At least one member was written, every open is closed.
 */
void json_emit(struct json *json);

/*
 * One member of the innermost open object; inside an array, one element: @key is NULL.
 * Strings may hold any bytes: what is not printable ASCII is written as \u00xx.
 */
void json_string(struct json *json, const char *key, const char *value);
void json_unsigned(struct json *json, const char *key, uint64_t value);
void json_signed(struct json *json, const char *key, int64_t value);
void json_bool(struct json *json, const char *key, bool value);

/* @value counts units of 10^-@decimals (0 to 18): 1234 with 2 is written 12.34. */
void json_fixed(struct json *json, const char *key, int64_t value, unsigned decimals);

/* `"key":[1,2,3]`; @count may be 0. */
void json_numbers(struct json *json, const char *key, const uint64_t *values, size_t count);

/* Nesting, up to JSON_DEPTH_MAX; json_close() ends the innermost of either kind. */
void json_open_object(struct json *json, const char *key);
void json_open_array(struct json *json, const char *key);
void json_close(struct json *json);
