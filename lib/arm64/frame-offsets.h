/* SPDX-License-Identifier: MIT */
/*
 * Where vectors.S stores what: bytes from the start of struct exception_frame, which asserts them.
 */
#pragma once

#define FRAME_X	   0   /* x0 .. x30, then sp */
#define FRAME_ELR  256 /* elr, spsr */
#define FRAME_ESR  272 /* esr, far */
#define FRAME_SIZE 288
