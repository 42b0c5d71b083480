import Bytes
import Cryptography

/// The boot log of a simulated TD in the crypto-agile format, and the registers that follow from it.
///
/// Spec: TCG PC Client Platform Firmware Profile, "Event Logging"; UEFI, "Confidential Computing": register 1 is RTMR0.
package struct SimulatedEventLog: Sendable {
  package struct Event: Sendable {
    /// 0 is MRTD, 1 to 4 are RTMR0 to RTMR3.
    package var register: UInt32
    package var type: UInt32
    /// Algorithm and digest, one or more.
    package var digests: [(algorithm: UInt16, bytes: [UInt8])]
    package var data: [UInt8]
  }

  /// How the log ends in the area that firmware gives it.
  package enum Ending: Sendable {
    case none
    case ones(Int)
    case zeros(Int)
  }

  package static let sha384: UInt16 = 0x000C
  package static let noAction: UInt32 = 3
  package static let eventTag: UInt32 = 6
  package static let separator: UInt32 = 4

  /// Algorithms of the first record: identifier and digest size.
  package var algorithms: [(UInt16, UInt16)] = [(sha384, 48)]
  package var events: [Event] = []
  package var ending = Ending.ones(8)

  package init() {}

  /// A log like those of a booted guest: firmware, boot loader and kernel, a separator each.
  package static var booted: SimulatedEventLog {
    var log = SimulatedEventLog()
    log.append(register: 1, type: 0x8000_000B, "SIMULATED firmware volume")
    log.append(register: 2, type: 0x8000_0003, "SIMULATED boot loader")
    for register: UInt32 in 1...3 { log.append(register: register, type: separator, "\0\0\0\0") }
    log.append(register: 3, type: 0x8000_0003, "SIMULATED kernel")
    return log
  }

  /// An event whose digest is that of its data.
  package mutating func append(register: UInt32, type: UInt32, _ text: String) {
    let data = Array(text.utf8)
    events.append(
      Event(register: register, type: type, digests: [(Self.sha384, Hash.sha384.digest(data))], data: data))
  }

  /// An event of the attestation agent, in RTMR3; its digest covers the tag as well.
  package mutating func appendTagged(domain: String, operation: String, content: String) {
    let text = "\(domain) \(operation) \(content)"
    var data = ByteWriter()
    data.littleEndian(0x4141_454C as UInt32)
    data.littleEndian(UInt32(text.utf8.count))
    data.append(text)
    let digest = Hash.sha384.digest(data.bytes)
    events.append(Event(register: 4, type: Self.eventTag, digests: [(Self.sha384, digest)], data: data.bytes))
  }

  package var bytes: [UInt8] {
    var log = ByteWriter()
    appendHeader(to: &log)
    for event in events {
      log.littleEndian(event.register)
      log.littleEndian(event.type)
      log.littleEndian(UInt32(event.digests.count))
      for digest in event.digests {
        log.littleEndian(digest.algorithm)
        log.append(digest.bytes)
      }
      log.littleEndian(UInt32(event.data.count))
      log.append(event.data)
    }
    switch ending {
    case .none: break
    case .ones(let count): log.append([UInt8](repeating: 0xFF, count: count))
    case .zeros(let count): log.zeros(count)
    }
    return log.bytes
  }

  private func appendHeader(to log: inout ByteWriter) {
    var data = ByteWriter()
    data.append("Spec ID Event03\0")
    data.zeros(4)
    data.append([0, 2, 0, 2])
    data.littleEndian(UInt32(algorithms.count))
    for (identifier, size) in algorithms {
      data.littleEndian(identifier)
      data.littleEndian(size)
    }
    data.zeros(1)
    log.zeros(4)
    log.littleEndian(Self.noAction)
    log.zeros(20)
    log.littleEndian(UInt32(data.bytes.count))
    log.append(data.bytes)
  }

  /// RTMR0 to RTMR3 after the log.
  package var registers: [[UInt8]] {
    var registers = [[UInt8]](repeating: [UInt8](repeating: 0, count: 48), count: 4)
    for event in events where (1...4).contains(event.register) && event.type != Self.noAction {
      guard let digest = event.digests.first(where: { $0.algorithm == Self.sha384 })?.bytes else { continue }
      let index = Int(event.register) - 1
      registers[index] = Hash.sha384.digest(registers[index] + digest)
    }
    return registers
  }
}
