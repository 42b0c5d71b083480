"""scripts/check-imports finds each kind of planted violation, and nothing in a package that has none."""
import pathlib
import shutil
import subprocess
import tempfile
import unittest

CHECK = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "check-imports"
MANIFEST = """// swift-tools-version: 6.2
import PackageDescription
let package = Package(
  name: "planted",
  targets: [
    .target(name: "CDoor"),
    .target(name: "Bytes"),
    .target(name: "Owner", dependencies: ["CDoor", "Bytes"]),
    %s
    .target(name: "Service", dependencies: ["Owner", "CDoor"]),
  ])
"""


class CheckImports(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.write("Package.swift", MANIFEST % "")
        self.write("Sources/CDoor/include/CDoor.h", "")
        self.write("Sources/CDoor/door.c", "")
        self.write("Sources/Bytes/Bytes.swift", "/* import Service\n import Owner */\nlet text = \"\"\"\nimport Owner\n\"\"\"\n")
        self.write("Sources/Owner/Owner.swift", "internal import CDoor\n")
        self.write("Sources/Service/Service.swift", "// import Bytes\nimport Owner\n")

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def run_check(self):
        done = subprocess.run([CHECK, self.root], capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout.splitlines()

    def test_a_package_without_violations_passes(self):
        status, _ = self.run_check()
        self.assertEqual(status, 0)

    def test_an_undeclared_import_is_refused_however_it_is_spelled(self):
        for text in ["import Bytes", "package import Bytes", "@testable import Bytes", "private import struct Bytes.Hex",
                     "@preconcurrency @_exported public import Bytes"]:
            self.write("Sources/Service/Service.swift", f"import Owner\n{text}\n")
            status, lines = self.run_check()
            self.assertEqual((status, lines), (
                1, ["Sources/Service/Service.swift:2: Service imports Bytes without declaring it in Package.swift"]), text)

    def test_an_auditor_that_uses_what_writes_the_log_is_refused(self):
        for target, dependency, planted in [
            ("Replay", '"Broker"', ["Package.swift: Replay is an auditor's and may not depend on Broker"]),
            ("Audit", "", ["Sources/Audit/Audit.swift:2: an auditor may not use LogWriter, which writes the log"]),
            ("TransparencyLog", "", ["Sources/TransparencyLog/Audit.swift:2: an auditor may not use LogWriter, which writes the log"]),
            ("Witness", "", []),
        ]:
            manifest = MANIFEST % f'.target(name: "Broker"), .target(name: "{target}", dependencies: [{dependency}]),'
            self.write("Package.swift", manifest)
            self.write("Sources/Broker/Broker.swift", "struct DecisionLog {}\n")
            self.write(f"Sources/{target}/Audit.swift", "// LogWriter\n" + ("" if dependency else "let log: LogWriter\n"))
            status, lines = self.run_check()
            self.assertEqual((status, lines), (1, planted) if planted else (0, lines), target)
            shutil.rmtree(self.root / "Sources" / target)

    def test_foundation_in_a_pure_module_is_refused(self):
        self.write("Sources/Bytes/Bytes.swift", "import FoundationEssentials\n")
        status, lines = self.run_check()
        self.assertEqual((status, lines), (
            1, ["Sources/Bytes/Bytes.swift:1: Bytes is pure and may not import FoundationEssentials"]))

    def test_a_door_with_two_owners_is_refused(self):
        self.write("Sources/Service/Service.swift", "import CDoor\n")
        status, lines = self.run_check()
        self.assertEqual(status, 1)
        self.assertEqual(lines, [
            "Sources/Owner/Owner.swift:1: CDoor has one owner only, and Owner, Service import it",
            "Sources/Service/Service.swift:1: CDoor has one owner only, and Owner, Service import it"])

    def test_an_arrow_that_points_up_is_refused(self):
        self.write("Package.swift", MANIFEST % '.target(name: "Low", dependencies: ["Service"]),')
        self.write("Sources/Low/Low.swift", "import Service\n")
        status, lines = self.run_check()
        self.assertEqual((status, lines), (1, ["Package.swift: Low depends on Service, which stands below it"]))


if __name__ == "__main__":
    unittest.main()
