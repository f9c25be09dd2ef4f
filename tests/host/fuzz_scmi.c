// SPDX-License-Identifier: MIT
/*
 * Any bytes in the shared memory, before the call and as its answer: nothing outside the area is
 * touched, all waits end, an error leaves the rate, and a rate that is believed is in the answer.
 */
// sources: drivers/scmi/message.c drivers/scmi/channel.c tests/machine/scmi-firmware.c
#include "drivers/pmu/clock.h"
#include "lib/panic.h"
#include "tests/host/scmi-area.h"

#define KEPT 4711UL

static const uint8_t *answer_bytes;
static size_t answer_size;

/* Firmware that writes what it likes. The first byte says whether the header fits, at least. */
static int64_t any_answer(uint32_t function)
{
	uint32_t header = area_words[6];

	(void)function;
	panic_unless(!written, "any_answer: not complete");
	if (!answer_size)
		return -1;
	memcpy(area_words, answer_bytes, answer_size);
	if (answer_bytes[0] & 1)
		area_words[6] = header;
	if (answer_bytes[0] & 0x3c)
		area_words[1] |= 1;
	answered = true;
	return answer_bytes[0] & 0xc2 ? 0 : (int32_t)area_words[0];
}

static void check_rate(const struct scmi_channel *channel)
{
	uint64_t hz = KEPT;
	int error = scmi_get_rate(channel, 0, &hz);

	panic_unless(error <= 0 && error >= SCMI_NOT_IMPLEMENTED, "error %d", error);
	panic_unless(strcmp(scmi_error_text(error), "unknown error"), "error %d", error);
	if (error) {
		panic_unless(hz == KEPT, "an error, and a rate");
		return;
	}
	panic_unless(hz >= CORE_MIN_HZ && hz <= CORE_MAX_HZ, "a rate of %lu", hz);
	panic_unless(area_words[6] == 0x5006 && !area_words[7] && area_words[5] >= 16 &&
			     area_words[5] <= channel->size - 0x18,
		     "no such answer");
	panic_unless(hz == (area_words[8] | (uint64_t)area_words[9] << 32), "another rate");
}

static void check_word(const struct scmi_channel *channel)
{
	uint32_t word = KEPT;
	int error = scmi_get_word(channel, SCMI_PROTOCOL_VERSION, &word);

	panic_unless(error <= 0 && error >= SCMI_NOT_IMPLEMENTED, "error %d", error);
	panic_unless(!error || word == KEPT, "an error, and a word");
	panic_unless(error || (area_words[6] == 0x5000 && !area_words[7] && area_words[5] >= 12 &&
			       word == area_words[8]),
		     "no such answer");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scmi_channel channel = area_channel;
	size_t first = MIN(size / 2, (size_t)AREA_BYTES);
	int error;

	channel.call = any_answer;
	area_reset();
	memcpy(area_words, data, first);
	if (first && data[0] % 16) /* a busy channel is slow, and always the same */
		area_words[1] |= 1;
	answer_bytes = data + first;
	answer_size = MIN(size - first, (size_t)AREA_BYTES);
	if (size)
		channel.size = SCMI_AREA_MIN + data[size - 1] % 54 * 4;
	check_rate(&channel);
	check_word(&channel);
	error = scmi_set_rate(&channel, 3, 600000000);
	panic_unless(error <= 0 && error >= SCMI_NOT_IMPLEMENTED, "error %d", error);
	panic_unless(!area_broken, "%s", area_broken);
	return 0;
}
