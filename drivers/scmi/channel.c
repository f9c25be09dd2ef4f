// SPDX-License-Identifier: MIT
/*
 * One message after the other: ours while the status says free, firmware's until it is free again.
 */
#include "drivers/scmi/channel.h"

#include "lib/arm64/barrier.h"
#include "lib/arm64/cpu.h"
#include "lib/mmio.h"

/* Offsets in the area. */
#define STATUS	0x04
#define FLAGS	0x10
#define LENGTH	0x14 /* bytes of header and payload */
#define HEADER	0x18
#define PAYLOAD 0x1c

#define STATUS_FREE  (1u << 0)
#define STATUS_ERROR (1u << 1)

#define FLAGS_POLLED 0 /* no interrupt when done */

#define SMCCC_NOT_SUPPORTED (-1)

static_assert(SCMI_AREA_MIN == PAYLOAD + SCMI_WORDS_MAX * 4, "what is written fits");

/* The status once it says free; 0 if it does not. */
static uint32_t wait_free(const struct scmi_channel *channel)
{
	for (unsigned i = 0; i < SCMI_POLLS; i++) {
		uint32_t status = mmio_read32(channel->area + STATUS);

		if (status & STATUS_FREE)
			return status;
		cpu_relax();
	}
	return 0;
}

static void write_request(const struct scmi_channel *channel, const struct scmi_message *request)
{
	mmio_write32(channel->area + STATUS, 0);
	mmio_write32(channel->area + FLAGS, FLAGS_POLLED);
	mmio_write32(channel->area + LENGTH, 4 + request->words * 4);
	mmio_write32(channel->area + HEADER, request->header);
	for (unsigned i = 0; i < request->words; i++)
		mmio_write32(channel->area + PAYLOAD + i * 4, request->payload[i]);
}

static int read_answer(const struct scmi_channel *channel, struct scmi_message *answer)
{
	uint32_t length = mmio_read32(channel->area + LENGTH);

	if (length < 4 || length % 4 || length > channel->size - HEADER)
		return SCMI_BAD_ANSWER;
	answer->header = mmio_read32(channel->area + HEADER);
	answer->words = length / 4 - 1;
	for (unsigned i = 0; i < MIN(answer->words, SCMI_WORDS_MAX); i++)
		answer->payload[i] = mmio_read32(channel->area + PAYLOAD + i * 4);
	return 0;
}

int scmi_transfer(const struct scmi_channel *channel, const struct scmi_message *request,
		  struct scmi_message *answer)
{
	uint32_t status;

	if (!wait_free(channel))
		return SCMI_CHANNEL_BUSY;
	write_request(channel, request);
	io_complete(); /* firmware's reads, on any path to memory, find the message */
	if (channel->call(channel->function) == SMCCC_NOT_SUPPORTED) {
		/* Nobody took it: as it was. */
		mmio_write32(channel->area + STATUS, STATUS_FREE);
		return SCMI_NOT_IMPLEMENTED;
	}
	/* Without an interrupt the call itself is the work, so this is long free. */
	status = wait_free(channel);
	if (!status)
		return SCMI_NO_ANSWER;
	io_mb(); /* the answer is not read before the status that says it is there */
	return status & STATUS_ERROR ? SCMI_CHANNEL_ERROR : read_answer(channel, answer);
}

int scmi_get_rate(const struct scmi_channel *channel, uint32_t clock, uint64_t *hz)
{
	struct scmi_message request, answer;
	int error;

	scmi_ask_rate(&request, clock);
	error = scmi_transfer(channel, &request, &answer);
	return error ?: scmi_answer_rate(&request, &answer, hz);
}

int scmi_get_word(const struct scmi_channel *channel, uint32_t message, uint32_t *word)
{
	struct scmi_message request, answer;
	int error;

	scmi_ask_protocol(&request, message);
	error = scmi_transfer(channel, &request, &answer);
	return error ?: scmi_answer_word(&request, &answer, word);
}

int scmi_set_rate(const struct scmi_channel *channel, uint32_t clock, uint64_t hz)
{
	struct scmi_message request, answer;
	int error;

	scmi_ask_new_rate(&request, clock, hz);
	error = scmi_transfer(channel, &request, &answer);
	return error ?: scmi_answer_status(&request, &answer);
}
