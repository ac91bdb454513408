/*
 * hiredis against a server: one command after the other, and pipelined.
 * Prints nothing but its version, and fails with a line that says where.
 * Usage: hiredis PORT|PATH
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#define PIPELINED 10000

#define EXPECT(condition)                                           \
    do {                                                            \
        if (!(condition)) {                                         \
            fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
            exit(1);                                                \
        }                                                           \
    } while (0)

static int
is_text(const redisReply *reply, int type, const char *text)
{
    return reply != NULL && reply->type == type && reply->len == strlen(text) &&
           memcmp(reply->str, text, reply->len) == 0;
}

static void
ask_one_by_one(redisContext *context)
{
    redisReply *reply =
        redisCommand(context, "SET mailbox:%d %b", 3, "a\0b", (size_t)3);
    EXPECT(is_text(reply, REDIS_REPLY_STATUS, "OK"));
    freeReplyObject(reply);
    reply = redisCommand(context, "GET 3");
    EXPECT(reply->type == REDIS_REPLY_STRING && reply->len == 3);
    EXPECT(memcmp(reply->str, "a\0b", 3) == 0);
    freeReplyObject(reply);
    reply = redisCommand(context, "GETWITHETAG 3");
    EXPECT(reply->type == REDIS_REPLY_ARRAY && reply->elements == 2);
    EXPECT(reply->element[0]->type == REDIS_REPLY_INTEGER);
    freeReplyObject(reply);
    reply = redisCommand(context, "GET 99999");
    EXPECT(reply->type == REDIS_REPLY_ERROR);
    freeReplyObject(reply);
    reply = redisCommand(context, "DEL 3");
    EXPECT(reply->type == REDIS_REPLY_INTEGER && reply->integer == 1);
    freeReplyObject(reply);
    reply = redisCommand(context, "GET 3");
    EXPECT(reply->type == REDIS_REPLY_NIL);
    freeReplyObject(reply);
}

static void
ask_in_a_pipeline(redisContext *context)
{
    char expected[16];
    int i;

    for (i = 0; i < PIPELINED; i++) {
        EXPECT(redisAppendCommand(context, "SET 5 %d", i) == REDIS_OK);
        EXPECT(redisAppendCommand(context, "GET 5") == REDIS_OK);
    }
    for (i = 0; i < PIPELINED; i++) {
        redisReply *reply = NULL;

        EXPECT(redisGetReply(context, (void **)&reply) == REDIS_OK);
        EXPECT(is_text(reply, REDIS_REPLY_STATUS, "OK"));
        freeReplyObject(reply);
        EXPECT(redisGetReply(context, (void **)&reply) == REDIS_OK);
        snprintf(expected, sizeof expected, "%d", i);
        EXPECT(is_text(reply, REDIS_REPLY_STRING, expected));
        freeReplyObject(reply);
    }
}

static void
ask_in_a_transaction(redisContext *context)
{
    static const char *const commands[] = {"WATCH 6", "MULTI", "SET 6 a",
                                           "APPEND 6 b", "GET 6"};
    redisReply *reply;
    size_t i;

    for (i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        reply = redisCommand(context, commands[i]);
        EXPECT(is_text(reply, REDIS_REPLY_STATUS, i < 2 ? "OK" : "QUEUED"));
        freeReplyObject(reply);
    }
    reply = redisCommand(context, "EXEC");
    EXPECT(reply->type == REDIS_REPLY_ARRAY && reply->elements == 3);
    EXPECT(is_text(reply->element[2], REDIS_REPLY_STRING, "ab"));
    freeReplyObject(reply);
}

int
main(int argc, char **argv)
{
    redisContext *context;

    EXPECT(argc == 2);
    context = argv[1][0] == '/' ? redisConnectUnix(argv[1])
                                : redisConnect("127.0.0.1", atoi(argv[1]));
    EXPECT(context != NULL && context->err == 0);
    ask_one_by_one(context);
    ask_in_a_pipeline(context);
    ask_in_a_transaction(context);
    redisFree(context);
    printf("hiredis %d.%d.%d\n", HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH);
    return 0;
}
