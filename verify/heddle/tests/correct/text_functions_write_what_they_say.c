/* clean: what the library's functions give is what they give elsewhere. */
#define _GNU_SOURCE
#include <heddle.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int
compare(const void *one, const void *two)
{
    return *(const int *)one - *(const int *)two;
}

static void
numbers(void)
{
    int number[] = {3, 1, 2};
    int key = 2;
    unsigned state = 5;
    char *end;

    qsort(number, 3, sizeof(number[0]), compare);
    heddle_assert(number[0] == 1);
    heddle_assert(number[2] == 3);
    heddle_assert(bsearch(&key, number, 3, sizeof(key), compare) == &number[1]);
    key = 4;
    heddle_assert(bsearch(&key, number, 3, sizeof(key), compare) == NULL);
    heddle_assert(strtoul("0x1fz", &end, 0) == 31);
    heddle_assert(*end == 'z');
    heddle_assert(rand_r(&state) >= 0);
    heddle_assert(state != 5);
}

static void
texts(void)
{
    char line[] = "one,two,,three";
    char *rest = line;
    char text[32];
    char *copy;
    int first;
    short second;
    char word[8];

    heddle_assert(strcmp(strsep(&rest, ","), "one") == 0);
    heddle_assert(strcmp(strtok(rest, ","), "two") == 0);
    heddle_assert(strcmp(strtok(NULL, ","), "three") == 0);
    heddle_assert(strtok(NULL, ",") == NULL);
    heddle_assert(sprintf(text, "%s %5.2f %ld", "a", 1.5, 7L) == 9);
    heddle_assert(strcmp(text, "a  1.50 7") == 0);
    heddle_assert(asprintf(&copy, "<%.*s>", 2, "abc") == 4);
    heddle_assert(strcmp(copy, "<ab>") == 0);
    free(copy);
    heddle_assert(sscanf("12 word 3!", "%d %7[a-z]%*c%hd%n", &first, word,
                         &second, &first) == 3);
    heddle_assert(first == 9);
    heddle_assert(second == 3);
    heddle_assert(strcmp(word, "word") == 0);
    copy = realloc(strndup("long", 2), 8);
    heddle_assert(strcmp(strcat(copy, "op"), "loop") == 0);
    heddle_assert(realloc(copy, 0) == NULL);
}

void
t0(void)
{
    time_t none = 0;
    struct tm date;
    char text[32];

    numbers();
    texts();
    heddle_assert(strftime(text, sizeof(text), "%F", gmtime_r(&none, &date)) ==
                  10);
    heddle_assert(strcmp(text, "1970-01-01") == 0);
}
