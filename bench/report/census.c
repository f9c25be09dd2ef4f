// SPDX-License-Identifier: MIT
/*
 * The census of what was measured (mm/map/view/census.h): by which leaves each call mapped, and
 * why by no larger ones.
 */
#include "bench/report/census.h"

#include <stdio.h>
#include <string.h>

#include "bench/report/text.h"
#include "lib/log.h"

/* As results.json has named them from the start. */
static const char *const mapped_keys[NR_LEAF_KINDS] = { "mapped_page", "mapped_page_cont",
							"mapped_block", "mapped_block_cont",
							"mapped_1g" };
static const char *const why_keys[NR_LEAF_KINDS] = { "why_page", "why_page_cont", "why_block",
						     "why_block_cont", "why_1g" };

void json_census(struct json *json, const struct map_census *census)
{
	char key[32];

	for (unsigned kind = 0; kind < NR_LEAF_KINDS; kind++)
		json_unsigned(json, mapped_keys[kind], census_of_kind(census, kind));
	for (unsigned limit = LIMIT_NONE + 1; limit < NR_LEAF_LIMITS; limit++) {
		snprintf(key, sizeof(key), "limit_%s", leaf_limit_names[limit]);
		json_unsigned(json, key, census_of_limit(census, limit));
	}
	for (unsigned kind = 0; kind < NR_LEAF_KINDS; kind++) {
		enum leaf_limit main = census_main_limit(census, kind);

		if (main != LIMIT_NONE)
			json_string(json, why_keys[kind], leaf_limit_names[main]);
	}
}

/* Columns left for the reasons. */
#define LIMITS_WIDTH 28

/* "run_length 1020K caller 4K", the most first; "+" for what there is no room for; "-": none. */
static const char *limits_text(char text[LIMITS_WIDTH + 1], struct map_census census)
{
	char bytes[SIZE_TEXT_MAX], item[SIZE_TEXT_MAX + 16];
	enum leaf_limit limit;
	size_t n = 0;

	while ((limit = census_main_limit(&census, NR_LEAF_KINDS)) != LIMIT_NONE) {
		size_t more = snprintf(item, sizeof(item), "%s%s %s", n ? " " : "",
				       leaf_limit_names[limit],
				       text_size(bytes, census_of_limit(&census, limit)));

		if (n + more > LIMITS_WIDTH - 2) {
			strcpy(text + n, " +");
			return text;
		}
		strcpy(text + n, item);
		n += more;
		for (unsigned kind = 0; kind < NR_LEAF_KINDS; kind++)
			census.mapped[kind][limit] = 0;
	}
	return n ? text : "-";
}

static void census_line(const char *what, const struct map_census *census)
{
	char bytes[SIZE_TEXT_MAX], limits[LIMITS_WIDTH + 1];
	char text[101];
	size_t n = snprintf(text, sizeof(text), "%-30s", what);

	for (unsigned kind = 0; kind < NR_LEAF_KINDS && n < sizeof(text); kind++)
		n += snprintf(text + n, sizeof(text) - n, " %7s",
			      text_size(bytes, census_of_kind(census, kind)));
	if (n < sizeof(text))
		snprintf(text + n, sizeof(text) - n, "  %s", limits_text(limits, *census));
	log_printf("%s\n", text);
}

static void census_head(void)
{
	char size[SIZE_TEXT_MAX];

	log_printf(
		"\nWHAT EACH CALL OF tlbed LEFT MAPPED, by leaf, and why by no larger one\n%-30s",
		"");
	for (unsigned kind = 0; kind < NR_LEAF_KINDS; kind++)
		log_printf(" %7s",
			   leaf_shifts[kind] ? text_size(size, 1UL << leaf_shifts[kind]) : "-");
	log_printf("\n");
}

void report_census(const struct results *results)
{
	struct map_census sum = { 0 };
	bool headed = false;

	for (unsigned i = 0; i < results->count; i++) {
		const struct result *r = &results->results[i];

		if (!r->has_census || r->failed || r->rung != RUNG_TLBED)
			continue;
		if (!headed)
			census_head();
		headed = true;
		census_line(r->bench->name, &r->census);
		census_add(&sum, &r->census);
	}
	if (headed)
		census_line("all of these", &sum);
}
