// SPDX-License-Identifier: MIT
/*
 * Globs: a table of cases, a comparison with a naive recursive matcher, and the bound on time.
 */
// sources: lib/cmdline/glob.c
#include <string.h>
#include <time.h>

#include "lib/cmdline/glob.h"
#include "tests/host/tap.h"

static bool naive(const char *glob, const char *name)
{
	if (!*glob)
		return !*name;
	if (*glob == '*')
		return naive(glob + 1, name) || (*name && naive(glob, name + 1));
	return *name && (*glob == '?' || *glob == *name) && naive(glob + 1, name + 1);
}

static const struct {
	const char *globs, *name;
	bool match;
} cases[] = {
	{ "vmap/1M/tlbed", "vmap/1M/tlbed", true },
	{ "vmap/1M", "vmap/1M/tlbed", false },
	{ "map/1M/tlbed", "vmap/1M/tlbed", false },
	{ "vmap/*", "vmap/1M/tlbed", true },
	{ "vmap/*", "vmap/", true },
	{ "vmap/*", "vmap", false },
	{ "vmap/*", "vmap-map/1M/tlbed", false },
	{ "*/tlbed", "vmap/1M/tlbed", true },
	{ "*/1M/*", "ioremap/1M/series", true },
	{ "*1M", "vmap/1M/tlbed", false },
	{ "vm?p/*", "vmap/1M/tlbed", true },
	{ "vmap?1M/tlbed", "vmap/1M/tlbed", true },
	{ "vmap/1M/tlbed?", "vmap/1M/tlbed", false },
	{ "?", "", false },
	{ "*", "", true },
	{ "***", "a", true },
	{ "a*b*a", "abba", true },
	{ "a*b*c", "abcb", false },
	{ "*ab", "aab", true },
	{ "*aab", "aaab", true },
	{ "", "", false },
	{ "", "a", false },
	{ "a,b", "b", true },
	{ "a,b", "a,b", false },
	{ "nosuch,vmap/*", "vmap/1M/tlbed", true },
	{ "vmap/*,nosuch", "vmap/1M/tlbed", true },
	{ "a,,b", "", false },
	{ "A", "a", false },
	{ "[a]", "a", false },
	{ "\\*", "*", false },
};

static void test_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ok(glob_list_match(cases[i].globs, cases[i].name) == cases[i].match, "'%s' %s '%s'",
		   cases[i].globs, cases[i].match ? "matches" : "does not match", cases[i].name);
}

/* Globs lie in lists: what follows @len bytes is not the glob's. */
static void test_length(void)
{
	ok(!glob_match("abc", 2, "abc") && glob_match("abc", 2, "ab"), "letters end at the length");
	ok(!glob_match("ab*", 2, "abc") && !glob_match("ab?", 2, "abc"), "so do wildcards");
	ok(!glob_match("*,*", 0, "a") && glob_match("*,*", 0, ""), "no length, no glob");
	ok(glob_match("*bb", 2, "abb"), "nor is it tried after a star");
	ok(!glob_list_match(NULL, ""), "no list matches nothing");
}

static void random_text(unsigned long long *seed, const char *alphabet, char *text)
{
	size_t len = tap_random(seed) % 9, letters = strlen(alphabet);

	for (size_t i = 0; i < len; i++)
		text[i] = alphabet[tap_random(seed) % letters];
	text[len] = '\0';
}

/* Short texts of two letters: that is where the stars have choices to make. */
static void test_against_naive(void)
{
	unsigned long long seed = 1;
	long wrong = 0, matches = 0;
	char glob[16], name[16];

	for (int i = 0; i < 300000; i++) {
		random_text(&seed, "ab*?", glob);
		random_text(&seed, "ab", name);
		matches += naive(glob, name);
		wrong += glob_match(glob, strlen(glob), name) != naive(glob, name);
	}
	ok(!wrong, "as a naive matcher says, 300000 times (%ld wrong)", wrong);
	ok(matches > 20000 && matches < 280000, "and often either way (%ld matches)", matches);
}

/* A naive matcher needs more than 2^30 steps for this; ours at most 64 Ki, and of nothing else. */
static void test_no_blowup(void)
{
	char glob[65], name[1025];
	clock_t start = clock();

	for (int i = 0; i < 64; i += 2)
		memcpy(glob + i, "*a", 2);
	strcpy(glob + 62, "*b");
	memset(name, 'a', 1024);
	name[1024] = '\0';
	ok(!glob_match(glob, 64, name), "many stars, no match");
	ok(clock() - start < CLOCKS_PER_SEC, "and no exponential time");
}

static void test_valid(void)
{
	ok(glob_list_valid("a") && glob_list_valid("*,b/?"), "lists without empty globs are valid");
	ok(!glob_list_valid(""), "the empty list is not");
	ok(!glob_list_valid(",a") && !glob_list_valid("a,") && !glob_list_valid("a,,b"),
	   "an empty glob at the start, the end, in the middle is not");
}

static const char *name_at(void *context, size_t index)
{
	static const char *const names[] = { "vmap/1M/tlbed", "vmap/4K/tlbed", "ioremap/1M/linux" };

	++*(int *)context;
	return index < 3 ? names[index] : NULL;
}

static const char *unmatched(const char *globs)
{
	static char error[64];
	int calls = 0;

	strcpy(error, "untouched");
	return select_unmatched(globs, name_at, &calls, error, sizeof(error)) ? error
	       : strcmp(error, "untouched")				      ? "touched"
									      : "";
}

static void test_unmatched(void)
{
	char small[12];
	int calls = 0;

	ok(!*unmatched("vmap/*,ioremap/1M/linux"), "every glob matches something");
	ok(!strcmp(unmatched("vmap/*,nosuch"), "no match for 'nosuch'"), "the last glob does not");
	ok(!strcmp(unmatched("nosuch,vmap/*,nope"), "no match for 'nosuch'"), "the first of two");
	ok(!strcmp(unmatched("ioremap/1M"), "no match for 'ioremap/1M'"), "a part of a name");
	ok(!*unmatched(""), "the empty list leaves nothing unmatched");
	ok(select_unmatched("nosuch", name_at, &calls, small, sizeof(small)) &&
		   !strcmp(small, "no match fo"),
	   "a small error buffer is kept to");
	ok(calls == 4, "the context reaches the iterator, which ends at NULL");
}

int main(void)
{
	test_cases();
	test_length();
	test_against_naive();
	test_no_blowup();
	test_valid();
	test_unmatched();
	return tap_done();
}
