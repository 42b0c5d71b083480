import Evidence
import Glibc
import Platform

/// Where a trust domain's event log lies: what firmware and boot loader measured, and what the attestation agent did.
/// Nobody checks it here; a verifier replays it.
package struct GuestEventLog: Sendable {
  /// The area of ACPI's CCEL table. Spec: Linux, sysfs ACPI tables; UEFI, confidential computing event log.
  package static let kernelPath = "/sys/firmware/acpi/tables/data/CCEL"
  /// Where guest components append theirs.
  package static let agentPath = "/run/attestation-agent/eventlog"

  private let firmware: String
  private let agent: String

  package init(firmware: String = kernelPath, agent: String = agentPath) {
    self.firmware = firmware
    self.agent = agent
  }

  /// Both as one log; `nil` in a guest that has neither.
  /// - Throws: `.noEvidence` for a log that is there and cannot be read: what it would prove must not go missing unseen.
  package func read() throws(AgentError) -> [UInt8]? {
    let (firmware, agent) = (try contents(firmware), try contents(agent))
    do throws(EvidenceError) {
      return try MeasurementLog.joined(firmware: firmware, agent: agent)
    } catch { throw .noEvidence(.malformed(error)) }
  }

  private func contents(_ path: String) throws(AgentError) -> [UInt8]? {
    do throws(PlatformError) {
      return try SmallFile.read(path, limitBytes: MeasurementLog.limitBytes)
    } catch .system(_, errno: ENOENT) {
      return nil
    } catch { throw .noEvidence(.device(error)) }
  }
}
