/*
 * Idea: `heddle cc` is the compiler with three things done besides: sources
 * are compiled with the thread sanitizer's instrumentation; in each object
 * the functions of the C library that Heddle models are renamed to
 * Heddle's; and programs are linked with libheddle.a, after a look at what
 * else they call.
 *
 * Invariants
 *   1. An object that it made contains the mark; others are refused.
 */
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allowed.h"
#include "commands.h"
#include "tools.h"

static const char mark[] = "heddle-cc-object-1";

static const char help[] =
    "usage: heddle cc [--json] [compiler options] file...\n"
    "Compiles and links like the compiler, gcc or what HEDDLE_CC names, for\n"
    "`heddle run`. Use it in the compiler's place, as in\n"
    "    heddle cc -g -O1 prog.c -o prog\n"
    "    CC=\"heddle cc\" make\n"
    "All objects and archives of a program must be made by it. What a program\n"
    "calls and Heddle does not model is refused when it is linked, with the\n"
    "place of the call; --json says that on a line for programs, too.\n"
    "exit status: the compiler's; 2 usage; 4 the program cannot be checked\n";

struct request {
    struct words sources;
    struct words objects;   /* and archives */
    struct words compiling; /* options */
    struct words linking;
    const char *output;
    const char *only; /* -c, -S, -E, -M or NULL */
    bool json;        /* say a refusal as JSON, too */
    int count;
    char **word;
};

static const char *
output_of(const struct request *want)
{
    return want->output == NULL ? "a.out" : want->output;
}

static const char *
compiler(void)
{
    const char *chosen = getenv("HEDDLE_CC");

    return chosen != NULL && chosen[0] != '\0' ? chosen : "gcc";
}

static bool
is_source(const char *word)
{
    return tools_has_suffix(word, ".c") || tools_has_suffix(word, ".i");
}

static bool
is_object(const char *word)
{
    return tools_has_suffix(word, ".o") || tools_has_suffix(word, ".a") ||
           tools_has_suffix(word, ".lo");
}

static bool
is_linking(const char *word)
{
    return strncmp(word, "-l", 2) == 0 || strncmp(word, "-L", 2) == 0 ||
           strncmp(word, "-Wl,", 4) == 0 || strcmp(word, "-static") == 0 ||
           strcmp(word, "-rdynamic") == 0 || strcmp(word, "-pie") == 0;
}

/* Options whose value is the next word. */
static bool
has_value(const char *word)
{
    static const char *const list[] = {
        "-I",      "-D",       "-U",         "-include", "-isystem", "-iquote",
        "-MF",     "-MT",      "-MQ",        "-x",       "-L",       "-l",
        "--param", "-imacros", "-idirafter", "-target"};
    size_t i;

    for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        if (strcmp(list[i], word) == 0) {
            return true;
        }
    }
    return false;
}

/* Ours replace these. */
static bool
is_dropped(const char *word)
{
    return strncmp(word, "-fsanitize=", 11) == 0 ||
           strcmp(word, "-fPIE") == 0 || strcmp(word, "-fpie") == 0 ||
           strcmp(word, "-pie") == 0 || strncmp(word, "-flto", 5) == 0 ||
           strncmp(word, "-D_FORTIFY_SOURCE", 17) == 0;
}

static void
sort_word(struct request *to, int *i)
{
    char *word = to->word[*i];

    if (strcmp(word, "-o") == 0 && *i + 1 < to->count) {
        (*i)++;
        to->output = to->word[*i];
    } else if (strncmp(word, "-o", 2) == 0 && word[2] != '\0') {
        to->output = word + 2;
    } else if (strcmp(word, "-c") == 0 || strcmp(word, "-S") == 0 ||
               strcmp(word, "-E") == 0 || strcmp(word, "-M") == 0 ||
               strcmp(word, "-MM") == 0) {
        to->only = word;
    } else if (word[0] != '-' && is_source(word)) {
        words_add(&to->sources, word);
    } else if (word[0] != '-' && is_object(word)) {
        words_add(&to->objects, word);
    } else if (strcmp(word, "--json") == 0) {
        to->json = true;
    } else if (is_dropped(word)) {
        return;
    } else {
        struct words *kind = is_linking(word) ? &to->linking : &to->compiling;

        words_add(kind, word);
        if (has_value(word) && *i + 1 < to->count) {
            (*i)++;
            words_add(kind, to->word[*i]);
        }
    }
}

static void
add_instrumentation(struct words *words)
{
    static const char *const flag[] = {
        "-fsanitize=thread",           "-g",       "-fno-omit-frame-pointer",
        "-fno-optimize-sibling-calls", "-fno-pie", "-U_FORTIFY_SOURCE",
        "-fno-stack-protector",        "-Wno-tsan"};
    /* The compiler would put plain loads and stores in their place, after
     * those of the program were instrumented. */
    static const char *const called[] = {
        "memcpy", "memmove", "mempcpy", "memset",   "memcmp",   "memchr",
        "strcpy", "strncpy", "stpcpy",  "stpncpy",  "strcat",   "strncat",
        "strcmp", "strncmp", "sprintf", "snprintf", "vsprintf", "vsnprintf"};
    size_t i;

    for (i = 0; i < sizeof(flag) / sizeof(flag[0]); i++) {
        words_add(words, flag[i]);
    }
    for (i = 0; i < sizeof(called) / sizeof(called[0]); i++) {
        words_add(words, tools_format("-fno-builtin-%s", called[i]));
    }
    if (strstr(compiler(), "clang") != NULL) {
        words_add(words, "-Wno-unknown-warning-option");
    }
    words_add(words, "-D__HEDDLE__=1");
    words_add(words, "-isystem");
    words_add(words, tools_headers());
}

/* What the library defines: a line each, after a newline. */
static const char *
library_symbols(void)
{
    static char *symbols;
    struct words words = {0};

    if (symbols != NULL) {
        return symbols;
    }
    words_add(&words, "nm");
    words_add(&words, "-P");
    words_add(&words, "--defined-only");
    words_add(&words, tools_library());
    symbols = tools_format("\n%s", tools_output(&words));
    return symbols;
}

/* The file that tells objcopy what to rename: all that the library defines
 * for the C library. */
static char *
renames(void)
{
    static char *file;
    char *line;
    char *rest;
    FILE *to;

    if (file != NULL) {
        return file;
    }
    file = tools_format("%s/renames", tools_scratch());
    to = fopen(file, "w");
    if (to == NULL) {
        tools_fail(2, "%s could not be written", file);
    }
    for (line = strtok_r(tools_format("%s", library_symbols()), "\n", &rest);
         line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        line[strcspn(line, " ")] = '\0';
        if (strncmp(line, "hd_libc_", 8) == 0) {
            fprintf(to, "%s %s\n", line + 8, line);
        }
    }
    fclose(to);
    return file;
}

static int
finish_object(const char *object)
{
    struct words words = {0};
    char *note = tools_format("%s/mark", tools_scratch());

    tools_write(note, mark);
    words_add(&words, "objcopy");
    words_add(&words, tools_format("--redefine-syms=%s", renames()));
    words_add(&words, tools_format("--add-section=.heddle=%s", note));
    words_add(&words, object);
    return tools_run(&words);
}

static char *
object_name(const char *source)
{
    const char *slash = strrchr(source, '/');
    char *name = tools_format("%s", slash == NULL ? source : slash + 1);

    *strrchr(name, '.') = '\0';
    return tools_format("%s.o", name);
}

static int
compile(const struct request *want, const char *source, const char *object)
{
    struct words words = {0};
    int status;

    words_add(&words, compiler());
    words_add_all(&words, &want->compiling);
    add_instrumentation(&words);
    words_add(&words, want->only == NULL ? "-c" : want->only);
    words_add(&words, source);
    if (object != NULL) {
        words_add(&words, "-o");
        words_add(&words, object);
    }
    status = tools_run(&words);
    if (status == 0 && strcmp(words.word[0], "") != 0 &&
        (want->only == NULL || strcmp(want->only, "-c") == 0)) {
        status = finish_object(object);
    }
    return status;
}

static int
compile_only(const struct request *want)
{
    size_t i;
    int status = 0;

    for (i = 0; i < want->sources.count && status == 0; i++) {
        const char *source = want->sources.word[i];
        const char *object = want->output;

        if (object == NULL && strcmp(want->only, "-c") == 0) {
            object = object_name(source);
        }
        status = compile(want, source, object);
    }
    return status;
}

static size_t
occurrences(const char *content, size_t length)
{
    size_t many = 0;
    const char *at = content;
    const char *end = content + length;

    while ((at = memmem(at, (size_t)(end - at), mark, sizeof(mark) - 1)) !=
           NULL) {
        many++;
        at++;
    }
    return many;
}

static size_t
members(const char *archive)
{
    struct words words = {0};
    size_t many = 0;
    const char *at;

    words_add(&words, "ar");
    words_add(&words, "t");
    words_add(&words, archive);
    for (at = tools_output(&words); (at = strchr(at, '\n')) != NULL; at++) {
        many++;
    }
    return many;
}

static void
check_object(const char *file, bool json)
{
    size_t length = 0;
    char *content = tools_read(file, &length);
    size_t wanted = tools_has_suffix(file, ".a") ? members(file) : 1;

    if (content == NULL) {
        tools_fail(2, "%s cannot be read", file);
    }
    if (occurrences(content, length) < wanted) {
        tools_refuse(json, tools_format("%s is not instrumented: all of a "
                                        "program must be compiled with "
                                        "`heddle cc`",
                                        file));
    }
    free(content);
}

static bool
is_known(const char *symbols, const char *name)
{
    char *line = tools_format("\n%s ", name);
    bool known = strstr(symbols, line) != NULL;

    free(line);
    return known || allowed_is(name);
}

/* "file:line" of a path, without the folders. */
static const char *
place(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

/* What the name is, and why it may not be used. */
static char *
refusal(const char *name)
{
    const ElfW(Sym) *symbol = NULL;
    void *found = dlsym(RTLD_DEFAULT, name);
    Dl_info info;

    if (found == NULL ||
        dladdr1(found, &info, (void **)&symbol, RTLD_DL_SYMENT) == 0 ||
        symbol == NULL) {
        return tools_format("%s is called and not modelled: %s", name,
                            allowed_reason(name));
    }
    return tools_format("%s is %s and not modelled: %s", name,
                        ELF64_ST_TYPE(symbol->st_info) == STT_OBJECT ? "used"
                                                                     : "called",
                        allowed_reason(name));
}

/* The next word of a line, which goes on behind it; NULL: there is none. */
static char *
next_word(char **line)
{
    char *word = *line + strspn(*line, " \t");
    char *end = word + strcspn(word, " \t");

    *line = end + strspn(end, " \t");
    *end = '\0';
    return *word == '\0' ? NULL : word;
}

/* What is called and neither modelled nor harmless: a line each. */
static char *
refused_calls(const char *object)
{
    struct words words = {0};
    const char *symbols = library_symbols();
    char *all = NULL;
    char *line;
    char *rest;

    words_add(&words, "nm");
    words_add(&words, "-u");
    words_add(&words, "-l");
    words_add(&words, object);
    for (line = strtok_r(tools_output(&words), "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        char *where = line;
        const char *type = next_word(&where);
        const char *name = next_word(&where);

        if (type != NULL && name != NULL && strchr("Uwv", type[0]) != NULL &&
            !is_known(symbols, name)) {
            all = tools_format("%s%s%s%s%s", all == NULL ? "" : all,
                               all == NULL ? "" : "\n",
                               *where != '\0' ? place(where) : "",
                               *where != '\0' ? ": " : "", refusal(name));
        }
    }
    return all;
}

/* A program of an earlier build must not be taken for this one. */
static void
check_calls(const struct request *want, const struct words *objects)
{
    struct words words = {0};
    char *all = tools_format("%s/all.o", tools_scratch());
    char *refused;

    words_add(&words, "ld");
    words_add(&words, "-r");
    words_add(&words, "-o");
    words_add(&words, all);
    words_add_all(&words, objects);
    if (tools_run(&words) != 0) {
        tools_fail(1, "the objects could not be linked");
    }
    refused = refused_calls(all);
    if (refused != NULL) {
        remove(output_of(want));
        tools_refuse(want->json, refused);
    }
}

static int
link_program(const struct request *want, const struct words *objects)
{
    static const char *const flag[] = {"-no-pie", "-Wl,-z,relro,-z,now",
                                       "-Wl,-z,noexecstack"};
    struct words words = {0};
    size_t i;

    check_calls(want, objects);
    words_add(&words, compiler());
    for (i = 0; i < sizeof(flag) / sizeof(flag[0]); i++) {
        words_add(&words, flag[i]);
    }
    words_add(&words, "-o");
    words_add(&words, output_of(want));
    words_add_all(&words, objects);
    words_add_all(&words, &want->linking);
    words_add(&words, tools_library());
    words_add(&words, "-lm");
    return tools_run(&words);
}

/* The archive that -lname means, if it is in a folder given by -L: it must
 * be made by `heddle cc` as well. NULL: a library of the system. */
static char *
archive_of(const struct words *linking, const char *name)
{
    size_t i;

    for (i = 0; i < linking->count; i++) {
        const char *folder = linking->word[i];
        char *file;

        if (strncmp(folder, "-L", 2) != 0) {
            continue;
        }
        folder += 2;
        if (folder[0] == '\0' && i + 1 < linking->count) {
            folder = linking->word[i + 1];
        }
        file = tools_format("%s/lib%s.a", folder, name);
        if (access(file, R_OK) == 0) {
            return file;
        }
        free(file);
    }
    return NULL;
}

static void
add_archives(const struct request *want, struct words *objects)
{
    size_t i;

    for (i = 0; i < want->linking.count; i++) {
        const char *name = want->linking.word[i];
        char *file;

        if (strncmp(name, "-l", 2) != 0) {
            continue;
        }
        name += 2;
        if (name[0] == '\0' && i + 1 < want->linking.count) {
            name = want->linking.word[i + 1];
        }
        file = archive_of(&want->linking, name);
        if (file != NULL) {
            check_object(file, want->json);
            words_add(objects, file);
        }
    }
}

static int
build(const struct request *want)
{
    struct words objects = {0};
    size_t i;

    for (i = 0; i < want->sources.count; i++) {
        char *object = tools_format("%s/%zu-%s", tools_scratch(), i,
                                    object_name(want->sources.word[i]));
        int status = compile(want, want->sources.word[i], object);

        if (status != 0) {
            return status;
        }
        words_add(&objects, object);
    }
    for (i = 0; i < want->objects.count; i++) {
        check_object(want->objects.word[i], want->json);
    }
    words_add_all(&objects, &want->objects);
    add_archives(want, &objects);
    return link_program(want, &objects);
}

int
cc_command(int count, char **word)
{
    struct request want = {0};
    int i;

    want.count = count;
    want.word = word;
    for (i = 0; i < count; i++) {
        sort_word(&want, &i);
    }
    if (count == 1 && strcmp(word[0], "--help") == 0) {
        fputs(help, stdout);
        return 0;
    }
    if (want.sources.count + want.objects.count == 0) {
        struct words words = {0};

        if (count == 0) {
            tools_fail(2, "heddle cc: no file to compile; `heddle cc --help` "
                          "says what can be");
        }
        words_add(&words, compiler());
        words_add_all(&words, &want.compiling);
        return tools_run(&words);
    }
    if (want.only != NULL) {
        return compile_only(&want);
    }
    return build(&want);
}
