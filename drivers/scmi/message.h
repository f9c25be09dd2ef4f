// SPDX-License-Identifier: MIT
/*
 * SCMI's clock protocol: requests into words, answers out of them. Pure, any context.
 * Source: Arm DEN 0056E, 4.1 (message header, status codes) and 4.6 (clock management).
 */
#pragma once

#include "lib/compiler.h"

#define SCMI_PROTOCOL_CLOCK 0x14

/* The most that a request here has; of a longer answer the first words are enough. */
#define SCMI_WORDS_MAX 4

struct scmi_message {
	uint32_t header;
	uint32_t words; /* of payload; an answer's may be more than SCMI_WORDS_MAX */
	uint32_t payload[SCMI_WORDS_MAX];
};

/* The platform's own codes (DEN 0056E 4.1.4), which calls return as they are. */
#define SCMI_NOT_SUPPORTED	(-1)
#define SCMI_INVALID_PARAMETERS (-2)
#define SCMI_DENIED		(-3)
#define SCMI_NOT_FOUND		(-4)
#define SCMI_OUT_OF_RANGE	(-5)
#define SCMI_BUSY		(-6)
#define SCMI_COMMS_ERROR	(-7)
#define SCMI_GENERIC_ERROR	(-8)
#define SCMI_HARDWARE_ERROR	(-9)
#define SCMI_PROTOCOL_ERROR	(-10)

/* What went wrong on this side: no code of the platform's, nor in the range left to vendors. */
#define SCMI_UNKNOWN_STATUS  (-100) /* a status that is none of these */
#define SCMI_BAD_ANSWER	     (-101) /* too short, too long, or to another message */
#define SCMI_BAD_RATE	     (-102) /* a rate that no core has */
#define SCMI_CHANNEL_BUSY    (-103) /* the channel was not free; nothing was sent */
#define SCMI_NO_ANSWER	     (-104) /* the call came back, the answer did not */
#define SCMI_CHANNEL_ERROR   (-105) /* the platform set the channel's error bit */
#define SCMI_NOT_IMPLEMENTED (-106) /* firmware does not know the call */

/* CLOCK_RATE_GET and CLOCK_RATE_SET of @clock. The new rate, in Hz, is not rounded. */
void scmi_ask_rate(struct scmi_message *request, uint32_t clock);
void scmi_ask_new_rate(struct scmi_message *request, uint32_t clock, uint64_t hz);

/* What the protocol itself is asked for: no payload, the answer is a word (4.6.2.1, 4.6.2.2). */
#define SCMI_PROTOCOL_VERSION	 0 /* major in 31:16, minor in 15:0 */
#define SCMI_PROTOCOL_ATTRIBUTES 1 /* of the clock protocol: clocks in 15:0 */
void scmi_ask_protocol(struct scmi_message *request, uint32_t message);

/* The status of @answer to @request: 0, or an error as above. */
int scmi_answer_status(const struct scmi_message *request, const struct scmi_message *answer);

/* The same, and the rate to *@hz: CORE_MIN_HZ to CORE_MAX_HZ. An error leaves *@hz alone. */
int scmi_answer_rate(const struct scmi_message *request, const struct scmi_message *answer,
		     uint64_t *hz);

/* The same, and the word after the status to *@word. An error leaves *@word alone. */
int scmi_answer_word(const struct scmi_message *request, const struct scmi_message *answer,
		     uint32_t *word);

/*
 * Whether a CLOCK_RATE_SET that ended in @error certainly changed nothing: it was refused, or never
 * sent. After any other error the clock may be either way.
 */
bool scmi_changed_nothing(int error);

/* "invalid parameters", "channel busy", ...; never NULL. */
const char *scmi_error_text(int error);
