// SPDX-License-Identifier: MIT
/*
 * Firmware that answers SCMI's clock protocol, as an RK3588's does, or not as it should: a model
 * for the host's tests and for those on target.
 */
#pragma once

#include "lib/compiler.h"

#define FIRMWARE_SMC_ID 0x82000010U
#define FIRMWARE_CLOCKS 4 /* ids 0 to 3; 1 is no CPU's */
#define CRYSTAL_HZ	24000000UL

#define GET_VERSION    0
#define GET_ATTRIBUTES 1
#define RATE_SET       5
#define RATE_GET       6

enum firmware_mood {
	FIRMWARE_WELL,
	FIRMWARE_UNKNOWN, /* the call is none of its */
	FIRMWARE_SILENT,  /* it returns, and the channel is not free */
	FIRMWARE_ERROR,	  /* the channel's error bit */
	FIRMWARE_STATUS,  /* `status` alone, nothing done */
	FIRMWARE_LENGTH,  /* done, and the answer's length says `length` */
	FIRMWARE_OTHER,	  /* an answer to another message */
	FIRMWARE_RATE,	  /* RATE_GET gives `rate` */
};

struct scmi_firmware {
	uintptr_t area;
	enum firmware_mood mood;
	unsigned only;	/* the message that the mood is for; 0: every one */
	unsigned clock; /* the clock that it is for, if only is not 0 */
	int32_t status;
	uint32_t length;
	uint64_t rate;

	/* State. */
	uint64_t rates[FIRMWARE_CLOCKS]; /* as set; CRYSTAL_HZ at hand-over */
	unsigned calls, sets;
	const char *broken; /* a request that real firmware would not have understood */
};

extern struct scmi_firmware firmware;

/* As at hand-over, with a channel at @area that is free. */
void firmware_reset(uintptr_t area);

/* What the driver calls. */
int64_t firmware_call(uint32_t function);
