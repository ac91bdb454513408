/* Sentences for people. */

#include <string.h>
#include <wchar.h>

#include "cmocka_all.h"
#include "complaint.h"

static void
a_sentence_is_put_together(void **state)
{
    struct complaint complaint;

    (void)state;
    complaint_set(&complaint, "port %d is not one of %s", 70000, "1 to 65535");
    assert_string_equal(complaint.text, "port 70000 is not one of 1 to 65535");
}

static void
control_characters_are_shown_as_question_marks(void **state)
{
    struct complaint complaint;

    (void)state;
    complaint_set(&complaint, "%s", "a\nb\tc\x1b[1m\x7f\xc3\xa9");
    assert_string_equal(complaint.text, "a?b?c?[1m?\xc3\xa9");
}

static void
a_long_one_is_cut(void **state)
{
    struct complaint complaint;
    char text[2 * COMPLAINT_MAX];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    complaint_set(&complaint, "%s", text);
    assert_int_equal(strlen(complaint.text), COMPLAINT_MAX - 1);
}

/* No text stands for a character that there is not. */
static void
what_cannot_be_put_into_words_is_unknown(void **state)
{
    struct complaint complaint = {"before"};

    (void)state;
    complaint_set(&complaint, "%lc", (wint_t)0x7fffffff);
    assert_string_equal(complaint.text, "unknown");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sentence_is_put_together),
        cmocka_unit_test(control_characters_are_shown_as_question_marks),
        cmocka_unit_test(a_long_one_is_cut),
        cmocka_unit_test(what_cannot_be_put_into_words_is_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
