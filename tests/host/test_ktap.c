// SPDX-License-Identifier: MIT
/*
 * The KTAP runner, by its exact output over tests of every fate registered here.
 */
// sources: lib/cmdline/glob.c
#include "tests/host/capture.h"
#include "lib/ktap.c"

static char order[64]; /* one letter a test or audit that ran */
static int failing_line, skip_line, audit_line;

static void ran(char letter)
{
	order[strlen(order)] = letter;
}

/* Registered out of order on purpose. */
TEST(pass, "suite/pass")
{
	ran('p');
	CHECK(1 + 1 == 2);
	CHECK_EQ(-22, -22L);
}

TEST(fail, "suite/fail")
{
	ran('f');
	failing_line = __LINE__ + 1;
	CHECK(!failing_line);
	CHECK_EQ(failing_line - failing_line - 1, 0xffffffffu);
	CHECK(true);
}

TEST(empty, "empty/no-checks")
{
	ran('e');
}

TEST(skip, "suite/skip")
{
	ran('s');
	SKIP("needs %d CPUs", 2);
	ran('!');
}

TEST(skip_after_failure, "suite/skip-after-failure")
{
	skip_line = __LINE__ + 1;
	if (CHECK_EQ(NULL, (void *)16))
		ran('!');
	SKIP("too late");
}

TEST(flood, "flood/loop")
{
	for (int i = 0; i < 1000; i++)
		if (CHECK(i == 1000))
			ran('!');
	ktap_note("done after %d", 1000);
}

static const char *run(const char *globs, const char *skip, struct ktap_counts *counts, int *failed)
{
	memset(order, 0, sizeof(order));
	capture_text();
	*failed = ktap_run(globs, skip, counts);
	return capture_text();
}

/* The whole output of one selection; its last line must agree with the counts. */
static void gives(const char *globs, const char *skip, const char *ran_order, const char *want,
		  const char *what)
{
	struct ktap_counts counts = { 77, 77, 77 }, said;
	int failed;
	char text[2048];
	const char *got = run(globs, skip, &counts, &failed);

	snprintf(text, sizeof(text), "KTAP version 1\n%s", want);
	same_text(got, text, what);
	sscanf(strrchr(want, '#'), "# %u passed, %u failed, %u skipped", &said.passed, &said.failed,
	       &said.skipped);
	ok(!memcmp(&counts, &said, sizeof(said)) && failed == (int)said.failed &&
		   !strcmp(order, ran_order),
	   "%s: counts, and ran '%s'", what, order);
}

static void test_selection(void)
{
	gives("suite/pass", NULL, "p", "1..1\nok 1 suite/pass\n# 1 passed, 0 failed, 0 skipped\n",
	      "one passes");
	gives("suite/pass,suite/skip", "", "ps",
	      "1..2\nok 1 suite/pass\nok 2 suite/skip # SKIP needs 2 CPUs\n"
	      "# 1 passed, 0 failed, 1 skipped\n",
	      "one skips");
	gives("suite/pass,suite/fail", "*/fail", "p",
	      "1..2\nok 1 suite/fail # SKIP skip= on the command line\nok 2 suite/pass\n"
	      "# 1 passed, 0 failed, 1 skipped\n",
	      "one is skipped by the command line");
	gives("empty/*", NULL, "e",
	      "1..1\n# empty/no-checks: no checks\nnot ok 1 empty/no-checks\n"
	      "# 0 passed, 1 failed, 0 skipped\n",
	      "no checks");
	gives("nosuch", NULL, "",
	      "1..0\n# no test is selected\n"
	      "# 0 passed, 1 failed, 0 skipped\n",
	      "nothing selected");
}

static void test_failures(void)
{
	char want[1024];

	snprintf(want, sizeof(want),
		 "1..1\n"
		 "# %s:%d: failed: !failing_line\n"
		 "# %s:%d: failed: failing_line - failing_line - 1 == 0xffffffffu: "
		 "-1 (0xffffffffffffffff) is not 4294967295 (0xffffffff)\n"
		 "not ok 1 suite/fail\n"
		 "# 0 passed, 1 failed, 0 skipped\n",
		 __FILE__, failing_line, __FILE__, failing_line + 1);
	gives("suite/fail", NULL, "f", want, "failures, with place and values");
	snprintf(want, sizeof(want),
		 "1..1\n"
		 "# %s:%d: failed: NULL == (void *)16: 0 (0x0) is not 16 (0x10)\n"
		 "not ok 1 suite/skip-after-failure\n"
		 "# 0 passed, 1 failed, 0 skipped\n",
		 __FILE__, skip_line);
	gives("*-after-failure", NULL, "", want, "a skip does not hide a failure");
}

static void test_flood(void)
{
	struct ktap_counts counts;
	int failed, shown = 0;
	const char *text = run("flood/*", NULL, &counts, &failed);
	const char *at = text;

	for (; (at = strstr(at, "failed: i == 1000")); at++)
		shown++;
	ok(shown == 10 && failed == 1 && counts.failed == 1 && !*order, "ten of 1000 are shown");
	ok(strstr(text, "# done after 1000\n# flood/loop: 990 more failed checks\n"
			"not ok 1 flood/loop\n") != NULL,
	   "the others are counted, the note is there");
}

static void audit_good(void)
{
	ran('b');
	CHECK(true);
}

/* What comes before a test is told its name. */
static bool named_well = true;

static void named(const char *name)
{
	named_well &= strchr(name, '/') != NULL;
	audit_good();
}

static void audit_bad(void)
{
	ran('a');
	audit_line = __LINE__ + 1;
	CHECK(strchr(order, 's') || strchr(order, 'e'));
}

static void test_audit(void)
{
	char want[256];

	ktap_set_audit(named, audit_good);
	gives("suite/pass,suite/skip,empty/*", "suite/skip", "bebbpb",
	      "1..3\n# empty/no-checks: no checks\nnot ok 1 empty/no-checks\nok 2 suite/pass\n"
	      "ok 3 suite/skip # SKIP skip= on the command line\n"
	      "# 1 passed, 1 failed, 1 skipped\n",
	      "audits count for nothing when good");
	ok(named_well, "the audit before a test knows its name");
	ktap_set_audit(NULL, audit_bad);
	audit_bad(); /* so that audit_line is known */
	snprintf(want, sizeof(want),
		 "1..2\n# %s:%d: failed: strchr(order, 's') || strchr(order, 'e')\n"
		 "not ok 1 suite/pass\nok 2 suite/skip # SKIP needs 2 CPUs\n"
		 "# 0 passed, 1 failed, 1 skipped\n",
		 __FILE__, audit_line);
	gives("suite/pass,suite/skip", NULL, "pasa", want, "an audit fails its test, and only it");
	ktap_set_audit(NULL, NULL);
}

static void test_everything(void)
{
	struct ktap_counts counts;
	int failed;
	const char *text = run("", NULL, &counts, &failed);

	ok(!strncmp(text, "KTAP version 1\n1..6\n", 20), "\"\" selects all");
	ok(counts.passed == 1 && counts.failed == 4 && counts.skipped == 1 && failed == 4,
	   "counts");
	ok(!strcmp(order, "efps"), "in the order of the names (%s)", order);
	ktap_list();
	same_text(capture_text(),
		  "empty/no-checks\nflood/loop\nsuite/fail\nsuite/pass\nsuite/skip\n"
		  "suite/skip-after-failure\n",
		  "the list");
}

static void test_names(void)
{
	char error[64];

	ok(!select_unmatched("suite/*,empty/no-checks", ktap_name_at, NULL, error, sizeof(error)),
	   "every name is found");
	ok(select_unmatched("suite/*,suite/passes", ktap_name_at, NULL, error, sizeof(error)) &&
		   !strcmp(error, "no match for 'suite/passes'"),
	   "and nothing else");
	ok(ktap_name_at(NULL, 5) && !ktap_name_at(NULL, 6) && !ktap_name_at(NULL, SIZE_MAX),
	   "there are six");
}

int main(void)
{
	log_set_console(&capture_console);
	test_everything();
	test_selection();
	test_failures();
	test_flood();
	test_audit();
	test_names();
	return tap_done();
}
