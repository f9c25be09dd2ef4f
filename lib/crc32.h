// SPDX-License-Identifier: MIT
/*
 * CRC-32 as in IEEE 802.3, zlib and Python's zlib.crc32(): guards each record line.
 */
#pragma once

#include "lib/compiler.h"

/*
 * The CRC of what came before (@crc, 0 for nothing) followed by @len bytes of @data.
 * Feeding in pieces gives the same as feeding at once.
 */
uint32_t crc32_update(uint32_t crc, const void *data, size_t len);
