"""What the tests of real processes share.

    case     a test with a time limit, a directory of its own, and an eye on
             what is left behind
    server   a dipc started by a test, in the foreground or the background
    wire     a client that speaks the protocol byte by byte
    machine  what this machine has and permits

Every server listens on a port that it chose itself, so that no two tests can
ask for the same one.  Waiting for a state is polling it until a deadline; no
sleep puts events in order.
"""
