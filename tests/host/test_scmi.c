// SPDX-License-Identifier: MIT
/*
 * SCMI: what is sent to the bit, what is made of every kind of answer, and the channel against
 * firmware that is slow, busy for ever, silent, or wrong.
 */
// sources: drivers/scmi/message.c drivers/scmi/channel.c tests/machine/scmi-firmware.c
#include "tests/host/scmi-area.h"
#include "tests/host/tap.h"

#define MHZ  1000000UL
#define KEPT 4711UL

static void test_requests(void)
{
	struct scmi_message m;

	scmi_ask_rate(&m, 2);
	ok(m.header == 0x5006 && m.words == 1 && m.payload[0] == 2, "CLOCK_RATE_GET of clock 2");
	scmi_ask_new_rate(&m, 3, 0x123456789a);
	ok(m.header == 0x5005 && m.words == 4 && m.payload[0] == 0 && m.payload[1] == 3 &&
		   m.payload[2] == 0x3456789a && m.payload[3] == 0x12,
	   "CLOCK_RATE_SET: flags, clock, low, high word");
	scmi_ask_protocol(&m, SCMI_PROTOCOL_VERSION);
	ok(m.header == 0x5000 && !m.words, "PROTOCOL_VERSION");
	scmi_ask_protocol(&m, SCMI_PROTOCOL_ATTRIBUTES);
	ok(m.header == 0x5001 && !m.words, "PROTOCOL_ATTRIBUTES");
}

/* What an answer of these @words to RATE_GET gives; the rate must stay with an error. */
static int rate_of(uint32_t words, uint32_t header, int32_t status, uint64_t rate, uint64_t *hz)
{
	struct scmi_message request, answer = { .header = header, .words = words };

	scmi_ask_rate(&request, 0);
	answer.payload[0] = (uint32_t)status;
	answer.payload[1] = (uint32_t)rate;
	answer.payload[2] = (uint32_t)(rate >> 32);
	*hz = KEPT;
	return scmi_answer_rate(&request, &answer, hz);
}

static void test_answers(void)
{
	static const struct {
		uint32_t words, header;
		int32_t status;
		uint64_t rate;
		int error;
		const char *what;
	} cases[] = {
		{ 3, 0x5006, 0, 594 * MHZ, 0, "a rate" },
		{ 3, 0x5006, 0, 5000000000, 0, "a rate of more than 32 bits" },
		{ 40, 0x5006, 0, 594 * MHZ, 0, "more words than are asked for" },
		{ 3, 0x5006, 0, 0, SCMI_BAD_RATE, "0 Hz" },
		{ 3, 0x5006, 0, MHZ - 1, SCMI_BAD_RATE, "less than 1 MHz" },
		{ 3, 0x5006, 0, 10000000001, SCMI_BAD_RATE, "more than 10 GHz" },
		{ 3, 0x5006, 0, UINT64_MAX, SCMI_BAD_RATE, "all ones" },
		{ 2, 0x5006, 0, 594 * MHZ, SCMI_BAD_ANSWER, "half a rate" },
		{ 1, 0x5006, 0, 594 * MHZ, SCMI_BAD_ANSWER, "success without a rate" },
		{ 0, 0x5006, 0, 594 * MHZ, SCMI_BAD_ANSWER, "an answer without a status" },
		{ 3, 0x5005, 0, 594 * MHZ, SCMI_BAD_ANSWER, "an answer to another message" },
		{ 3, 0x5106, 0, 594 * MHZ, SCMI_BAD_ANSWER, "a message of another type" },
		{ 3, 0x805006, 0, 594 * MHZ, SCMI_BAD_ANSWER, "another token" },
		{ 1, 0x5006, -2, 0, SCMI_INVALID_PARAMETERS, "an error, alone" },
		{ 3, 0x5006, -6, 594 * MHZ, SCMI_BUSY, "an error, and a rate" },
		{ 3, 0x5006, -11, 594 * MHZ, SCMI_UNKNOWN_STATUS, "an unknown status" },
		{ 3, 0x5006, 1, 594 * MHZ, SCMI_UNKNOWN_STATUS, "a positive status" },
		{ 3, 0x5006, SCMI_CHANNEL_BUSY, 594 * MHZ, SCMI_UNKNOWN_STATUS, "a code of ours" },
		{ 3, 0x5006, INT32_MIN, 594 * MHZ, SCMI_UNKNOWN_STATUS, "the least status" },
	};
	uint64_t hz;

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		int error = rate_of(cases[i].words, cases[i].header, cases[i].status, cases[i].rate,
				    &hz);

		ok(error == cases[i].error && hz == (error ? KEPT : cases[i].rate), "%s: %d, %s",
		   cases[i].what, error, scmi_error_text(error));
	}
}

static void test_texts(void)
{
	bool good = true;

	for (int a = 0; a >= SCMI_NOT_IMPLEMENTED; a--)
		for (int b = a - 1; b >= SCMI_NOT_IMPLEMENTED; b--)
			if ((a >= SCMI_PROTOCOL_ERROR || a <= SCMI_UNKNOWN_STATUS) &&
			    (b >= SCMI_PROTOCOL_ERROR || b <= SCMI_UNKNOWN_STATUS))
				good &= strcmp(scmi_error_text(a), scmi_error_text(b)) != 0;
	ok(good, "every error has a text of its own");
	ok(!strcmp(scmi_error_text(-11), "unknown error") &&
		   !strcmp(scmi_error_text(1), "unknown error") &&
		   !strcmp(scmi_error_text(-107), "unknown error") &&
		   !strcmp(scmi_error_text(INT32_MIN), "unknown error"),
	   "what is none, too");
	ok(!strcmp(scmi_error_text(SCMI_INVALID_PARAMETERS), "invalid parameters") &&
		   !strcmp(scmi_error_text(SCMI_NOT_IMPLEMENTED),
			   "firmware does not know the call"),
	   "the right one");
}

static void unbroken(const char *what)
{
	const char *broken = area_broken ? area_broken : firmware.broken;

	ok(!broken, "%s: %s", what, broken ? broken : "as firmware wants it");
}

static void test_well(void)
{
	uint64_t hz = 0;

	area_reset();
	ok(!scmi_get_rate(&area_channel, 2, &hz) && hz == CRYSTAL_HZ, "24 MHz at hand-over");
	ok(!scmi_set_rate(&area_channel, 2, 600 * MHZ) && firmware.rates[2] == 600 * MHZ,
	   "600 MHz set");
	ok(!scmi_get_rate(&area_channel, 2, &hz) && hz == 600 * MHZ, "and read back");
	ok(firmware.rates[0] == CRYSTAL_HZ && firmware.rates[3] == CRYSTAL_HZ, "no other clock");
	ok(!scmi_set_rate(&area_channel, 3, 1200 * MHZ) && !scmi_get_rate(&area_channel, 3, &hz) &&
		   hz == 1488 * MHZ,
	   "a ring oscillator, as it is measured");
	ok(area_words[1] == 1 && firmware.calls == 5, "five calls, and the channel is free");
	unbroken("the channel");
	late = 1000;
	ok(!scmi_get_rate(&area_channel, 2, &hz) && hz == 600 * MHZ, "busy for a while");
	late_after = 1000;
	ok(!scmi_set_rate(&area_channel, 2, 408 * MHZ) && !scmi_get_rate(&area_channel, 2, &hz) &&
		   hz == 408 * MHZ,
	   "an answer that takes a while");
	unbroken("a channel that is slow");
}

static void test_protocol(void)
{
	uint32_t word = KEPT;

	area_reset();
	ok(!scmi_get_word(&area_channel, SCMI_PROTOCOL_VERSION, &word) && word == 0x10000, "1.0");
	ok(!scmi_get_word(&area_channel, SCMI_PROTOCOL_ATTRIBUTES, &word) &&
		   word == FIRMWARE_CLOCKS,
	   "four clocks");
	unbroken("what is asked of the protocol");
	word = KEPT;
	firmware.mood = FIRMWARE_STATUS;
	firmware.status = SCMI_NOT_SUPPORTED;
	ok(scmi_get_word(&area_channel, SCMI_PROTOCOL_VERSION, &word) == SCMI_NOT_SUPPORTED &&
		   word == KEPT,
	   "refused");
	firmware.mood = FIRMWARE_LENGTH;
	firmware.length = 8;
	ok(scmi_get_word(&area_channel, SCMI_PROTOCOL_VERSION, &word) == SCMI_BAD_ANSWER &&
		   word == KEPT,
	   "a success without a word");
}

static void test_refused(void)
{
	uint64_t hz = KEPT;

	area_reset();
	ok(scmi_set_rate(&area_channel, 2, 1704 * MHZ) == SCMI_INVALID_PARAMETERS &&
		   scmi_set_rate(&area_channel, 0, 2016 * MHZ) == SCMI_INVALID_PARAMETERS &&
		   scmi_set_rate(&area_channel, 0, 600 * MHZ + 1) == SCMI_INVALID_PARAMETERS &&
		   scmi_set_rate(&area_channel, 0, (1UL << 32) + 600 * MHZ) ==
			   SCMI_INVALID_PARAMETERS,
	   "rates of no table");
	ok(scmi_get_rate(&area_channel, 4, &hz) == SCMI_NOT_FOUND && hz == KEPT,
	   "a clock that is not there");
	ok(!firmware.sets && firmware.rates[0] == CRYSTAL_HZ, "nothing was set");
	unbroken("what firmware refuses");
}

/* Firmware in @mood: both messages give @error, the next ones @then. */
static void goes_wrong(enum firmware_mood mood, int error, int then, const char *what)
{
	uint64_t hz = KEPT;

	area_reset();
	firmware.mood = mood;
	ok(scmi_get_rate(&area_channel, 2, &hz) == error && hz == KEPT, "%s: RATE_GET", what);
	ok(polls <= 2 * SCMI_POLLS, "%s: waits end", what);
	area_reset();
	firmware.mood = mood;
	ok(scmi_set_rate(&area_channel, 2, 600 * MHZ) == error, "%s: RATE_SET", what);
	firmware.mood = FIRMWARE_WELL;
	ok(scmi_get_rate(&area_channel, 2, &hz) == then, "%s: the next message", what);
	unbroken(what);
}

static void test_wrong(void)
{
	goes_wrong(FIRMWARE_UNKNOWN, SCMI_NOT_IMPLEMENTED, 0, "a call that firmware does not know");
	goes_wrong(FIRMWARE_SILENT, SCMI_NO_ANSWER, SCMI_CHANNEL_BUSY, "no answer");
	goes_wrong(FIRMWARE_ERROR, SCMI_CHANNEL_ERROR, 0, "the error bit");
	goes_wrong(FIRMWARE_OTHER, SCMI_BAD_ANSWER, 0, "an answer to another message");
}

static void test_busy(void)
{
	static uint32_t before[AREA_BYTES / 4];
	uint64_t hz = KEPT;

	area_reset();
	area_words[1] = 0;
	memcpy(before, area_words, sizeof(before));
	ok(scmi_get_rate(&area_channel, 0, &hz) == SCMI_CHANNEL_BUSY && hz == KEPT,
	   "busy for ever");
	ok(polls == SCMI_POLLS && !firmware.calls, "the wait is bounded, and nothing is called");
	ok(!memcmp(before, area_words, sizeof(before)), "what another has there is not touched");
	area_words[1] = ~1u;
	ok(scmi_get_rate(&area_channel, 0, &hz) == SCMI_CHANNEL_BUSY, "only its own bit says free");
	area_words[1] = 3;
	ok(!scmi_get_rate(&area_channel, 0, &hz) && hz == CRYSTAL_HZ, "an old error is cleared");
	late = SCMI_POLLS - 1;
	polls = 0;
	ok(!scmi_get_rate(&area_channel, 0, &hz) && polls == SCMI_POLLS + 1,
	   "free at the last look");
	unbroken("a busy channel");
}

static void test_statuses(void)
{
	for (int status = -12; status <= 2; status++) {
		int want = status < -10 || status > 0 ? SCMI_UNKNOWN_STATUS : status;

		area_reset();
		firmware.mood = FIRMWARE_STATUS;
		firmware.status = status;
		ok(scmi_set_rate(&area_channel, 2, 600 * MHZ) == want, "status %d: %s", status,
		   scmi_error_text(want));
	}
}

static void test_lengths(void)
{
	static const struct {
		uint32_t length;
		int get, set;
	} cases[] = {
		{ 0, SCMI_BAD_ANSWER, SCMI_BAD_ANSWER },
		{ 3, SCMI_BAD_ANSWER, SCMI_BAD_ANSWER },
		{ 4, SCMI_BAD_ANSWER, SCMI_BAD_ANSWER },
		{ 7, SCMI_BAD_ANSWER, SCMI_BAD_ANSWER },
		{ 8, SCMI_BAD_ANSWER, 0 },
		{ 12, SCMI_BAD_ANSWER, 0 },
		{ 15, SCMI_BAD_ANSWER, SCMI_BAD_ANSWER },
		{ 16, 0, 0 },
		{ AREA_BYTES - 0x18, 0, 0 },
		{ AREA_BYTES - 0x18 + 4, SCMI_BAD_ANSWER, SCMI_BAD_ANSWER },
		{ AREA_BYTES, SCMI_BAD_ANSWER, SCMI_BAD_ANSWER },
		{ INT32_MAX - 3, SCMI_BAD_ANSWER, SCMI_BAD_ANSWER },
		{ UINT32_MAX - 3, SCMI_BAD_ANSWER, SCMI_BAD_ANSWER },
		{ UINT32_MAX, SCMI_BAD_ANSWER, SCMI_BAD_ANSWER },
	};
	uint64_t hz;

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		int get, set;

		area_reset();
		firmware.mood = FIRMWARE_LENGTH;
		firmware.length = cases[i].length;
		get = scmi_get_rate(&area_channel, 2, &hz);
		set = scmi_set_rate(&area_channel, 2, 600 * MHZ);
		ok(get == cases[i].get && set == cases[i].set && !area_broken, "length %u: %d, %d",
		   cases[i].length, get, set);
	}
}

/* The smallest area that is taken: nothing past its end is touched. */
static void test_smallest_area(void)
{
	struct scmi_channel channel = area_channel;
	uint64_t hz;

	area_reset();
	channel.size = SCMI_AREA_MIN;
	ok(!scmi_set_rate(&channel, 2, 600 * MHZ) && !scmi_get_rate(&channel, 2, &hz) &&
		   area_words[SCMI_AREA_MIN / 4] == 0xa5a5a5a5,
	   "an area of %u bytes", SCMI_AREA_MIN);
	unbroken("the smallest area");
	firmware.mood = FIRMWARE_LENGTH;
	firmware.length = SCMI_AREA_MIN;
	ok(scmi_get_rate(&channel, 2, &hz) == SCMI_BAD_ANSWER, "an answer longer than it");
}

int main(void)
{
	test_requests();
	test_answers();
	test_texts();
	test_well();
	test_protocol();
	test_refused();
	test_wrong();
	test_busy();
	test_statuses();
	test_lengths();
	test_smallest_area();
	return tap_done();
}
