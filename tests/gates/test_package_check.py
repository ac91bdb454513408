"""ci/package --check sees what packages do wrong.

What builds, installs and looks at packages is played by scripts: no package is
installed here.  Each of them is as it should be, but for what a test plants.
"""

from __future__ import annotations

import platform
import re

from small_tree import SmallTree

from process import machine
from process.main import main

VERSION = "9.9"
# What no package with nothing in it can do, whatever this machine has.
USES = {
    "a server serves a client and ends",
    "it serves as the service's user",
    "a program connects with the library",
    "heddle checks a program",
}
# What another installation on this machine may have brought.
ELSEWHERE = {
    "there is a user for the service",
    "systemd finds nothing wrong",
    "the manual has its pages",
    "a program is compiled with the lock",
}
APT = """\
case $1 in
install) echo /etc/planted >>files; echo planted ii >>known ;;
purge) sed -i /planted/d files known ;;
esac"""


class PackageCheck(SmallTree):
    def setUp(self) -> None:
        super().setUp()
        machine.need_root()
        self.copy("ci/package")
        self.write("net/version.h", f'#define VERSION_TEXT "{VERSION}"\n')
        self.write("ci/debian/control", "Package: planted-empty\n")
        self.script("ci/dist", "printf 'ci/debian/control\\0'")
        self.write("files", "/etc/passwd\n")
        self.write("known", "libc6 ii\n")
        self.write("memory", "")
        self.play("dpkg-parsechangelog", f"echo {VERSION}")
        self.script("tools/dpkg-buildpackage", "touch ../planted-empty.deb")
        self.play("lintian")
        self.play("apt-get", APT)
        # The machine's own would see what others install meanwhile.
        self.play("dpkg-query",
                  'case "$*" in *planted*) ;; *) cat known ;; esac')
        self.play("find", 'if [ "$1" = /dev/shm ]; then cat memory; else '
                  "cat files; fi")
        for name in ("dipc", "heddle"):
            self.play(name, "exit 1")
        self.environment["PATH"] = \
            f"{self.tree}/tools:{self.environment['PATH']}"

    def play(self, name: str, *lines: str) -> None:
        self.script(f"tools/{name}", f"cd '{self.tree}' || exit", *lines)

    def failures(self) -> set[str]:
        """What is said to fail, but for what only real packages can pass."""
        status, output = self.gate("ci/package", "--check")
        failed = set(re.findall(r"^FAILED  (.*)$", output, re.M))
        self.assertEqual(status, 1, output)
        self.assertTrue(output.endswith(f" passed, {len(failed)} failed\n"),
                        output)
        if platform.machine() == "x86_64":
            self.assertLessEqual(USES, failed, output)
        return failed - USES - ELSEWHERE

    def test_packages_that_are_of_no_use_fail_in_that_alone(self) -> None:
        self.assertEqual(self.failures(), set())

    def test_a_finding_of_lintian_is_seen(self) -> None:
        self.play("lintian", "echo E: planted: bad-thing", "exit 2")
        self.assertEqual(self.failures(), {"lintian has nothing to say"})

    def test_packages_that_cannot_be_installed_are_seen(self) -> None:
        self.play("apt-get", '[ "$1" != install ]')
        self.assertEqual(self.failures(), {"the packages can be installed"})

    def test_packages_that_cannot_be_purged_are_seen(self) -> None:
        self.play("apt-get", APT.replace("sed", "exit 1; sed"))
        self.assertEqual(self.failures(), {"the packages can be purged",
                                           "the machine is as it was"})

    def test_a_file_that_is_left_is_seen(self) -> None:
        self.play("apt-get", APT.replace("files known", "known"))
        self.assertEqual(self.failures(), {"the machine is as it was"})

    def test_a_package_that_is_left_half_purged_is_seen(self) -> None:
        self.play("apt-get", APT.replace(
            "/planted/d files known", "'s/planted ii/planted rc/' known; "
            "sed -i /planted/d files"))
        self.assertEqual(self.failures(), {"the machine is as it was"})

    def test_memory_that_is_left_is_seen(self) -> None:
        self.write("memory", "/dev/shm/dipc-planted\n")
        self.assertEqual(self.failures(),
                         {"no memory of a killed server is left"})

    def test_what_does_not_build_does_not_pass(self) -> None:
        self.script("tools/dpkg-buildpackage", "echo planted; exit 2")
        status, output = self.gate("ci/package", "--check")
        self.assertEqual(status, 1, output)
        self.assertEqual(output, "planted\n")

    def test_what_is_installed_already_is_left_alone(self) -> None:
        self.play("dpkg-query", "echo ii")
        self.play("apt-get", "touch touched")
        status, output = self.gate("ci/package", "--check")
        self.assertEqual(status, 1, output)
        self.assertIn("planted-empty is installed already", output)
        self.assertFalse((self.tree / "touched").exists())


if __name__ == "__main__":
    main()
