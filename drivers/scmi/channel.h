// SPDX-License-Identifier: MIT
/*
 * SCMI's transport: an area of shared memory, and a call to firmware that reads it.
 * Sources: DEN 0056E 5.1 (the area), 5.2.4 (SMC), Linux's arm,scmi-smc binding.
 */
#pragma once

#include "drivers/scmi/message.h"

/* Makes firmware read the area. Returns its x0: SMCCC's NOT_SUPPORTED is -1. */
typedef int64_t scmi_call(uint32_t function);

struct scmi_channel {
	/* Mapped Device: firmware's view is not cached, and finds nothing in a cache of ours. */
	uintptr_t area;
	uint64_t size;	   /* bytes of it, SCMI_AREA_MIN or more */
	uint32_t function; /* arm,smc-id */
	scmi_call *call;
};

/* The head of the area and the longest message of ours. */
#define SCMI_AREA_MIN (0x1c + SCMI_WORDS_MAX * 4)

/*
 * Looks at the channel's status before the call, and after it, at most so often: each is a Device
 * read, 0.1 us or more, and firmware that sets a clock takes some tens.
 */
#define SCMI_POLLS 50000u

/*
 * Sends @request, waits, and fetches the answer. 0: there is one, well-formed or not
 * (message.h); or SCMI_CHANNEL_BUSY, SCMI_NO_ANSWER, SCMI_CHANNEL_ERROR, SCMI_BAD_ANSWER (a length
 * that does not fit the area) or SCMI_NOT_IMPLEMENTED, with @answer undefined. Always returns, as
 * long as firmware does. One caller at a time, any context.
 */
int scmi_transfer(const struct scmi_channel *channel, const struct scmi_message *request,
		  struct scmi_message *answer);

/* What @clock runs at, as firmware says, to *@hz. 0 or an SCMI error: *@hz is as it was. */
int scmi_get_rate(const struct scmi_channel *channel, uint32_t clock, uint64_t *hz);

/* What the protocol answers to SCMI_PROTOCOL_VERSION or _ATTRIBUTES; the same of *@word. */
int scmi_get_word(const struct scmi_channel *channel, uint32_t message, uint32_t *word);

/* 0: firmware says that it set it; or an SCMI error. */
int scmi_set_rate(const struct scmi_channel *channel, uint32_t clock, uint64_t hz);
