// SPDX-License-Identifier: MIT
/*
 * The string functions that the FDT reader needs, byte by byte: libc's load wider than
 * they may with the MMU off.
 */
#include <stddef.h>
#include <string.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((char *)to)[i] = ((const char *)from)[i];
	return to;
}

void *memset(void *to, int c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((char *)to)[i] = (char)c;
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (((const unsigned char *)a)[i] != ((const unsigned char *)b)[i])
			return ((const unsigned char *)a)[i] - ((const unsigned char *)b)[i];
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (((const char *)s)[i] == (char)c)
			return (char *)s + i;
	return NULL;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	return memcmp(a, b, strlen(a) + 1);
}

int strncmp(const char *a, const char *b, size_t n)
{
	size_t len = strnlen(a, n);

	return memcmp(a, b, len < n ? len + 1 : n);
}

char *strchr(const char *s, int c)
{
	return memchr(s, c, strlen(s) + 1);
}

size_t strspn(const char *s, const char *accept)
{
	size_t n = 0;

	while (s[n] && strchr(accept, s[n]))
		n++;
	return n;
}

size_t strcspn(const char *s, const char *reject)
{
	size_t n = 0;

	while (s[n] && !strchr(reject, s[n]))
		n++;
	return n;
}
