/* clean, 3 executions: what main sets up is as new in every execution: three
 * choices, the same state before each. */
#include <heddle.h>
#include <stdlib.h>
#include <string.h>

static int count;
static char text[16] = "reed";

int
main(int argc, char **argv)
{
    heddle_assert(argc == 1);
    heddle_assert(argv[1] == NULL);
    heddle_assert(count == 0);
    heddle_assert(strcmp(text, "reed") == 0);
    count += (int)heddle_choose(3) + 1;
    text[0] = (char)count;
    return 0;
}
