// SPDX-License-Identifier: MIT
/*
 * The JSON line writer. Numbers are integers or fixed-point: the kernel has no floats.
 */
#include "lib/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/crc32.h"
#include "lib/log.h"
#include "lib/panic.h"

static void json_put(struct json *json, const char *bytes, size_t len)
{
	panic_unless(len <= json->size - json->len, "json_put: longer than %lu bytes: %.*s",
		     (unsigned long)json->size, (int)MIN(json->len, 80), json->line);
	memcpy(json->line + json->len, bytes, len);
	json->len += len;
}

/* Formats at most 47 bytes: numbers and escapes, never text from outside. */
__printf_like(2, 3) static void json_putf(struct json *json, const char *fmt, ...)
{
	char text[48];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_put(json, text, len);
}

static void json_quote(struct json *json, const char *text)
{
	json_put(json, "\"", 1);
	for (; *text; text++) {
		if (*text < ' ' || *text > '~')
			json_putf(json, "\\u%04x", (unsigned char)*text);
		else if (*text == '"' || *text == '\\')
			json_putf(json, "\\%c", *text);
		else
			json_put(json, text, 1);
	}
	json_put(json, "\"", 1);
}

/* Comma and key, so that a value may follow. */
static void json_key(struct json *json, const char *key)
{
	bool in_array = json->close[json->depth - 1] == ']';

	panic_unless(in_array == !key, "json_key: %s", in_array ? "key in an array" : "no key");
	if (!json->first)
		json_put(json, ",", 1);
	json->first = false;
	if (key) {
		json_quote(json, key);
		json_put(json, ":", 1);
	}
}

static void json_open(struct json *json, char open, char close)
{
	panic_unless(json->depth < JSON_DEPTH_MAX, "json_open: deeper than %u", JSON_DEPTH_MAX);
	json_put(json, &open, 1);
	json->close[json->depth++] = close;
	json->first = true;
}

void json_begin(struct json *json, char *line, size_t size)
{
	*json = (struct json){ .line = line, .size = size };
	json_open(json, '{', '}');
}

void json_emit(struct json *json)
{
	panic_unless(json->depth == 1, "json_emit: depth is %u", json->depth);
	panic_unless(!json->first, "json_emit: the object is empty");
	json_putf(json, ",\"crc\":\"%08x\"}\n", crc32_update(0, json->line, json->len));
	log_write(json->line, json->len);
}

void json_string(struct json *json, const char *key, const char *value)
{
	json_key(json, key);
	json_quote(json, value);
}

void json_unsigned(struct json *json, const char *key, uint64_t value)
{
	json_key(json, key);
	json_putf(json, "%lu", (unsigned long)value);
}

void json_signed(struct json *json, const char *key, int64_t value)
{
	json_key(json, key);
	json_putf(json, "%ld", (long)value);
}

void json_bool(struct json *json, const char *key, bool value)
{
	json_key(json, key);
	json_putf(json, "%s", value ? "true" : "false");
}

void json_fixed(struct json *json, const char *key, int64_t value, unsigned decimals)
{
	/* Negated as unsigned, so that INT64_MIN has a magnitude. */
	unsigned long magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value, unit = 1;

	panic_unless(decimals <= 18, "json_fixed: %u decimals", decimals);
	for (unsigned i = 0; i < decimals; i++)
		unit *= 10;
	json_key(json, key);
	json_putf(json, "%s%lu", value < 0 ? "-" : "", magnitude / unit);
	if (decimals)
		json_putf(json, ".%0*lu", (int)decimals, magnitude % unit);
}

void json_numbers(struct json *json, const char *key, const uint64_t *values, size_t count)
{
	json_open_array(json, key);
	for (size_t i = 0; i < count; i++)
		json_unsigned(json, NULL, values[i]);
	json_close(json);
}

void json_open_object(struct json *json, const char *key)
{
	json_key(json, key);
	json_open(json, '{', '}');
}

void json_open_array(struct json *json, const char *key)
{
	json_key(json, key);
	json_open(json, '[', ']');
}

void json_close(struct json *json)
{
	panic_unless(json->depth > 1, "json_close: nothing is open");
	json_put(json, &json->close[--json->depth], 1);
	json->first = false;
}
