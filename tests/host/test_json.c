// SPDX-License-Identifier: MIT
/*
 * JSON lines: exact text, what Python's json and zlib make of them, misuse that panics.
 * CRC-32 is tested here too, by its known vectors.
 */
// sources: lib/crc32.c
#include <signal.h>

#include "tests/host/capture.h"
#include "lib/json.c"
#include "tests/host/misuse.h"

static char line[4096];
static struct json json;

/* Ends the line and compares it; @want is what comes before `,"crc"`. */
static void emitted(const char *want, const char *what)
{
	char whole[sizeof(line)];

	snprintf(whole, sizeof(whole), "%s,\"crc\":\"%08x\"}\n", want,
		 crc32_update(0, want, strlen(want)));
	json_emit(&json);
	same_text(capture_text(), whole, what);
}

static void begin_line(void)
{
	json_begin(&json, line, sizeof(line));
}

static void test_crc32(void)
{
	static const char fox[] = "The quick brown fox jumps over the lazy dog";
	uint8_t ramp[256];
	uint32_t pieces = 0;

	for (int i = 0; i < 256; i++)
		ramp[i] = i;
	ok(crc32_update(0, "", 0) == 0, "crc32 of nothing");
	ok(crc32_update(0, "123456789", 9) == 0xcbf43926, "crc32 check value");
	ok(crc32_update(0, fox, strlen(fox)) == 0x414fa339, "crc32 of the fox");
	ok(crc32_update(0, ramp, 256) == 0x29058c73, "crc32 of every byte");
	for (size_t i = 0; i < strlen(fox); i += 5)
		pieces = crc32_update(pieces, fox + i, MIN(5, strlen(fox) - i));
	ok(pieces == 0x414fa339, "crc32 in pieces");
}

static void test_scalars(void)
{
	begin_line();
	json_string(&json, "name", "vmap/1M/tlbed");
	json_unsigned(&json, "max", UINT64_MAX);
	json_signed(&json, "min", INT64_MIN);
	json_bool(&json, "yes", true);
	json_bool(&json, "no", false);
	emitted("{\"name\":\"vmap/1M/tlbed\",\"max\":18446744073709551615,"
		"\"min\":-9223372036854775808,\"yes\":true,\"no\":false",
		"scalars");
	begin_line();
	json_unsigned(&json, "a", 1);
	json_emit(&json);
	same_text(capture_raw(), "{\"a\":1,\"crc\":\"a702fc6e\"}\r\n",
		  "to the byte, by zlib's crc");
}

static void test_fixed(void)
{
	begin_line();
	json_fixed(&json, "a", 1234, 2);
	json_fixed(&json, "b", -5, 2);
	json_fixed(&json, "c", 0, 1);
	json_fixed(&json, "d", 7, 0);
	json_fixed(&json, "e", INT64_MIN, 18);
	json_fixed(&json, "f", 1000000, 6);
	json_fixed(&json, "g", 100007, 3);
	emitted("{\"a\":12.34,\"b\":-0.05,\"c\":0.0,\"d\":7,\"e\":-9.223372036854775808,"
		"\"f\":1.000000,\"g\":100.007",
		"fixed point");
}

static void test_nesting(void)
{
	static const uint64_t samples[] = { 3, 1, UINT64_MAX };

	begin_line();
	json_numbers(&json, "samples", samples, 3);
	json_numbers(&json, "none", samples, 0);
	json_open_object(&json, "absent");
	json_string(&json, "cycles", "emulated");
	json_unsigned(&json, "n", 1);
	json_close(&json);
	json_open_array(&json, "ram");
	for (int i = 0; i < 2; i++) {
		json_open_object(&json, NULL);
		json_unsigned(&json, "base", i);
		json_close(&json);
	}
	json_string(&json, NULL, "x");
	json_close(&json);
	json_open_object(&json, "empty");
	json_close(&json);
	json_bool(&json, "last", true);
	emitted("{\"samples\":[3,1,18446744073709551615],\"none\":[],"
		"\"absent\":{\"cycles\":\"emulated\",\"n\":1},"
		"\"ram\":[{\"base\":0},{\"base\":1},\"x\"],\"empty\":{},\"last\":true",
		"nesting");
}

static void test_escapes(void)
{
	begin_line();
	json_string(&json, "a\"b", "\"\\/ ~\n\r\t\x01\x1f\x7f\x80\xff");
	json_string(&json, "e", "");
	emitted("{\"a\\\"b\":\"\\\"\\\\/ "
		"~\\u000a\\u000d\\u0009\\u0001\\u001f\\u007f\\u0080\\u00ff\","
		"\"e\":\"\"",
		"escapes");
}

/* Reads lines; fails unless each is JSON, its crc is zlib's, and `s` holds the bytes of `hex`. */
#define PYTHON_CHECK                                                         \
	"python3 -c '\nimport sys, json, zlib\nn = 0\nfor l in sys.stdin:\n" \
	" o = json.loads(l)\n"                                               \
	" body = l[:l.rindex(\",\\\"crc\\\"\")]\n"                           \
	" assert o[\"crc\"] == \"%08x\" % zlib.crc32(body.encode())\n"       \
	" assert o[\"s\"].encode(\"latin-1\").hex() == o[\"hex\"]\n"         \
	" n += 1\n"                                                          \
	"assert n == 500\n'"

static void random_line(unsigned long long *seed)
{
	char bytes[32], hex[64] = "";
	int len = tap_random(seed) % sizeof(bytes);

	for (int i = 0; i < len; i++) {
		bytes[i] = 1 + tap_random(seed) % 255;
		sprintf(hex + 2 * i, "%02x", (unsigned char)bytes[i]);
	}
	bytes[len] = '\0';
	begin_line();
	json_string(&json, "s", bytes);
	json_string(&json, "hex", hex);
	json_fixed(&json, "f", tap_random(seed), tap_random(seed) % 19);
	json_emit(&json);
}

static void test_python(void)
{
	unsigned long long seed = 1;
	FILE *python;

	if (system("python3 -c '' 2>/dev/null")) {
		ok(true, "python3 reads 500 random lines # SKIP no python3");
		return;
	}
	for (int i = 0; i < 500; i++)
		random_line(&seed);
	python = popen(PYTHON_CHECK, "w");
	fputs(capture_text(), python);
	ok(pclose(python) == 0, "python3 reads 500 random lines");
}

static void overflow(void)
{
	char small[32];

	json_begin(&json, small, sizeof(small));
	json_string(&json, "name", "longer than the line");
	json_string(&json, "b", "");
}

static void overflow_at_emit(void)
{
	char small[32];

	json_begin(&json, small, sizeof(small));
	json_string(&json, "name", "nearly full");
	json_emit(&json);
}

static void too_deep(void)
{
	begin_line();
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		json_open_object(&json, "x");
}

static void left_open(void)
{
	begin_line();
	json_open_array(&json, "x");
	json_emit(&json);
}

static void closed_twice(void)
{
	begin_line();
	json_close(&json);
}

static void empty(void)
{
	begin_line();
	json_emit(&json);
}

static void key_missing(void)
{
	begin_line();
	json_unsigned(&json, NULL, 1);
}

static void key_in_array(void)
{
	begin_line();
	json_open_array(&json, "x");
	json_unsigned(&json, "y", 1);
}

static void decimals(void)
{
	begin_line();
	json_fixed(&json, "x", 1, 19);
}

static void test_misuse(void)
{
	static const struct misuse cases[] = {
		{ "too long", overflow, "json_put: longer than 32 bytes: {\"name\":\"longer" },
		{ "too long with its crc", overflow_at_emit, "json_put: longer than 32" },
		{ "too deep", too_deep, "json_open: deeper than 8" },
		{ "left open", left_open, "json_emit: depth is 2" },
		{ "closed too often", closed_twice, "json_close: nothing is open" },
		{ "empty", empty, "json_emit: the object is empty" },
		{ "no key in an object", key_missing, "json_key: no key" },
		{ "a key in an array", key_in_array, "json_key: key in an array" },
		{ "too many decimals", decimals, "json_fixed: 19 decimals" },
	};

	each_panics(cases, ARRAY_SIZE(cases), "misuse");
}

/* The last byte of the room may be used. */
static void test_exact_room(void)
{
	static char room[9 + 19];

	json_begin(&json, room, sizeof(room));
	json_bool(&json, "", false);
	emitted("{\"\":false", "a line that fills its room");
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN); /* python stops reading at the first bad line */
	log_set_console(&capture_console);
	test_crc32();
	test_scalars();
	test_fixed();
	test_nesting();
	test_escapes();
	test_python();
	test_misuse();
	test_exact_room();
	return tap_done();
}
