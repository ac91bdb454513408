"""redis-py against a server: values, pipelines, transactions, WATCH.

Prints nothing but its version.  Usage: redis_py.py PORT
"""

import sys
import threading

import redis

ROUNDS = 50
WORKERS = 4


def expect(found, wanted):
    if found != wanted:
        sys.exit(f"{found!r} and not {wanted!r}")


def values(client):
    expect(client.set("mailbox:3", b"a\0b"), True)
    expect(client.get("3"), b"a\0b")
    expect(client.set("3", "x", nx=True), None)
    expect(client.append("3", "c"), 4)
    expect(client.getset("3", "hello"), b"a\0bc")
    expect(client.getrange("3", 1, -2), b"ell")
    expect(client.setrange("3", 1, "EA"), 5)
    expect(client.mget("3", "2"), [b"hEAlo", None])
    expect(client.exists("3", "2"), 1)
    expect(client.strlen("3"), 5)
    expect(client.type("3"), b"string")
    expect(client.keys(), [b"3"])
    expect(list(client.scan_iter()), [b"3"])
    expect(client.dbsize(), 1)
    expect(client.getdel("3"), b"hEAlo")
    expect(client.delete("3"), 0)
    expect(client.get("3"), None)


def errors(client):
    for command, wanted in (
        (lambda: client.get("99999"), "no such mailbox"),
        (lambda: client.set("3", "x", ex=5), "EX is not supported"),
        (lambda: client.mset({"1": "x", "2": "y"}), "Keys in request"),
        (lambda: client.execute_command("WHAT"), "unknown command"),
    ):
        try:
            command()
        except redis.ResponseError as error:
            if wanted not in str(error):
                sys.exit(f"{error} has no {wanted!r}")
        else:
            sys.exit(f"no error with {wanted!r}")


def pipelines(client):
    with client.pipeline() as pipe:  # MULTI and EXEC
        pipe.set("4", "a").append("4", "b").get("4")
        expect(pipe.execute(), [True, 2, b"ab"])
    with client.pipeline(transaction=False) as pipe:
        for i in range(1000):
            pipe.set(str(i % 8), i).get(str(i % 8))
        expect(pipe.execute()[1::2], [b"%d" % i for i in range(1000)])


def count_by_watch(port):
    client = redis.Redis(port=port)
    for _ in range(ROUNDS):
        client.transaction(
            lambda pipe: (
                value := int(pipe.get("5") or 0),
                pipe.multi(),
                pipe.set("5", value + 1),
            ),
            "5",
        )


def transactions(client, port):
    client.delete("5")
    threads = [
        threading.Thread(target=count_by_watch, args=(port,))
        for _ in range(WORKERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect(client.get("5"), b"%d" % (ROUNDS * WORKERS))
    with client.pipeline() as pipe:
        pipe.watch("5")
        client.set("5", "theirs")
        pipe.multi()
        pipe.set("5", "mine")
        try:
            pipe.execute()
        except redis.WatchError:
            pass
        else:
            sys.exit("what was watched did not stop EXEC")
    expect(client.get("5"), b"theirs")


def questions(client):
    expect(client.ping(), True)
    expect(client.info()["loading"], 0)
    expect(client.config_get("save"), {"save": ""})
    expect(client.client_setname("me"), True)
    expect(client.client_getname(), "me")
    expect(client.client_list(_type="normal")[0]["db"], "0")
    expect(client.client_info()["multi"], -1)  # it wants all of Redis's fields
    expect(len(client.command()), client.command_count())
    expect(client.execute_command("DIPC.WAIT", 5, 0, 0)[1], b"theirs")


def long_names(port):
    """A connection whose name is refused is no connection."""
    name = "pod-" + "0123456789" * 25
    expect(redis.Redis(port=port, client_name=name).client_getname(), name)


def main():
    port = int(sys.argv[1])
    client = redis.Redis(port=port, socket_timeout=20)
    values(client)
    errors(client)
    pipelines(client)
    transactions(client, port)
    questions(client)
    long_names(port)
    print("redis-py", redis.__version__)


main()
