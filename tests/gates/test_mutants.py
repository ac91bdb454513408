"""verify/mutants/run: a mutant that no test kills, and no proof explains, is a
failure; so is one that was not judged."""

from __future__ import annotations

from small_tree import ProgramTree

from process.main import main

SOURCE = """\
#include "decimal.h"

int
decimal_least(int a, int b)
{
    return a < b ? a : b;
}
"""
# Two of its mutants differ: one returns 0 at once, one has <=, and does the
# same as the source.
ENOUGH = "assert_int_equal(decimal_least(1, 2), 1);"
SAME = """\
decimal.c:decimal_least:compare
    return a < b ? a : b;  =>  return a <= b ? a : b;
    Of two that are equal it does not matter which.
"""
KILLED = """\

decimal.c:decimal_least:return
    {  =>  { if (1) { return 0; }
    It is wrong, and listed all the same.
"""
NO_MUTANT = """\

decimal.c:decimal_most:return
    {  =>  { if (1) { return 0; }
    There is no such function.
"""


class Mutants(ProgramTree):
    """The session's part, of which one source has anything in it."""

    def setUp(self) -> None:
        super().setUp()
        self.copy("verify/mutants", "verify/properties.py")
        for stem in ("codec", "dialogue", "reply", "resp_codec", "session"):
            self.write(f"net/{stem}.c", "extern int nothing;\n")
        self.write("net/decimal.h", "int decimal_least(int a, int b);\n")
        self.write("net/decimal.c", SOURCE)
        self.prove(SAME)
        self.try_with(ENOUGH)

    def prove(self, text: str) -> None:
        self.write("verify/mutants/equivalent_session.txt", text)

    def try_with(self, body: str) -> None:
        self.unit_test("decimal", body, '#include "decimal.h"')

    def mutants(self, *options: str) -> tuple[int, str]:
        return self.gate("verify/mutants/run", "--part", "session", *options)

    def test_killed_or_proved_is_a_pass(self) -> None:
        status, output = self.mutants()
        self.assertEqual(status, 0, output)
        self.assertIn("killed by test_decimal: planted", output)
        self.assertTrue(output.endswith("\n2 passed, 0 failed\n"), output)

    def test_a_unit_test_that_asserts_too_little_is_seen(self) -> None:
        self.try_with("assert_in_range(decimal_least(1, 2), 0, 2);")
        status, output = self.mutants()
        self.assertEqual(status, 1, output)
        self.assertIn("survivor decimal.c:5:return:1 ", output)
        self.assertTrue(output.endswith("\n1 passed, 1 failed\n"), output)

    def test_a_survivor_without_a_proof_is_seen(self) -> None:
        self.prove("")
        status, output = self.mutants()
        self.assertEqual(status, 1, output)
        self.assertIn("survivor decimal.c:6:compare:1 ", output)
        self.assertTrue(output.endswith("\n1 passed, 1 failed\n"), output)

    def test_a_proof_of_what_is_killed_or_is_no_mutant_is_seen(self) -> None:
        self.prove(SAME + KILLED)
        status, output = self.mutants()
        self.assertEqual(status, 1, output)
        self.assertIn("wrong: decimal.c:5:return:1 is listed as equivalent, "
                      "but test_decimal", output)
        self.prove(SAME + NO_MUTANT)
        status, output = self.mutants()
        self.assertEqual(status, 1, output)
        self.assertIn("wrong: listed as equivalent is what is no mutant: "
                      "decimal.c:decimal_most:return", output)

    def test_what_was_not_judged_has_not_passed(self) -> None:
        status, output = self.mutants("--time-limit", "0")
        self.assertEqual(status, 1, output)
        self.assertIn("2 mutants were not checked", output)
        self.assertTrue(output.endswith("\n0 passed, 2 failed\n"), output)

    def test_a_test_that_fails_without_a_mutant_is_seen(self) -> None:
        self.try_with("assert_int_equal(decimal_least(1, 2), 2);")
        status, output = self.mutants()
        self.assertEqual(status, 1, output)
        self.assertIn("test_decimal fails (status 1) without a mutant", output)


if __name__ == "__main__":
    main()
