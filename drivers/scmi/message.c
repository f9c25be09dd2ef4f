// SPDX-License-Identifier: MIT
/*
 * The codec: what does not have the form that was asked for is no answer.
 */
#include "drivers/scmi/message.h"

#include "drivers/pmu/clock.h"

#define CLOCK_RATE_SET 5
#define CLOCK_RATE_GET 6

/* Message id in 7:0, type in 9:8 (0: command, and the answer to it), protocol in 17:10. */
#define HEADER(message) ((message) | SCMI_PROTOCOL_CLOCK << 10)

/* At once, not asynchronously, with no rounding asked for: all flags 0 (4.6.2.6). */
#define RATE_SET_FLAGS 0

void scmi_ask_rate(struct scmi_message *request, uint32_t clock)
{
	*request = (struct scmi_message){ .header = HEADER(CLOCK_RATE_GET),
					  .words = 1,
					  .payload = { clock } };
}

void scmi_ask_new_rate(struct scmi_message *request, uint32_t clock, uint64_t hz)
{
	*request = (struct scmi_message){ .header = HEADER(CLOCK_RATE_SET),
					  .words = 4,
					  .payload = { RATE_SET_FLAGS, clock, (uint32_t)hz,
						       (uint32_t)(hz >> 32) } };
}

void scmi_ask_protocol(struct scmi_message *request, uint32_t message)
{
	*request = (struct scmi_message){ .header = HEADER(message) };
}

int scmi_answer_status(const struct scmi_message *request, const struct scmi_message *answer)
{
	int32_t status;

	if (answer->header != request->header || !answer->words)
		return SCMI_BAD_ANSWER;
	status = (int32_t)answer->payload[0];
	if (status > 0 || status < SCMI_PROTOCOL_ERROR)
		return SCMI_UNKNOWN_STATUS;
	return status;
}

int scmi_answer_rate(const struct scmi_message *request, const struct scmi_message *answer,
		     uint64_t *hz)
{
	int error = scmi_answer_status(request, answer);
	uint64_t rate;

	if (error)
		return error;
	if (answer->words < 3)
		return SCMI_BAD_ANSWER;
	rate = answer->payload[1] | (uint64_t)answer->payload[2] << 32;
	if (rate < CORE_MIN_HZ || rate > CORE_MAX_HZ)
		return SCMI_BAD_RATE;
	*hz = rate;
	return 0;
}

int scmi_answer_word(const struct scmi_message *request, const struct scmi_message *answer,
		     uint32_t *word)
{
	int error = scmi_answer_status(request, answer);

	if (error)
		return error;
	if (answer->words < 2)
		return SCMI_BAD_ANSWER;
	*word = answer->payload[1];
	return 0;
}

bool scmi_changed_nothing(int error)
{
	if (error == SCMI_CHANNEL_BUSY || error == SCMI_NOT_IMPLEMENTED)
		return true;
	return error < 0 && error >= SCMI_BUSY;
}

const char *scmi_error_text(int error)
{
	static const char *const platform[] = {
		"success",	  "not supported",	 "invalid parameters",
		"denied",	  "not found",		 "out of range",
		"busy",		  "communication error", "generic error",
		"hardware error", "protocol error"
	};
	static const char *const ours[] = { "a status that nobody knows",
					    "a malformed answer",
					    "a rate that no core has",
					    "the channel stays busy",
					    "no answer",
					    "the channel reports an error",
					    "firmware does not know the call" };

	if (error <= 0 && error >= SCMI_PROTOCOL_ERROR)
		return platform[-error];
	if (error <= SCMI_UNKNOWN_STATUS && error >= SCMI_NOT_IMPLEMENTED)
		return ours[SCMI_UNKNOWN_STATUS - error];
	return "unknown error";
}
