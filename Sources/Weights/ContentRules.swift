import Bytes

/// What a file must be like before a program reads it. The same when a model is sealed and when it is opened.
enum ContentRules {
  static func check(_ file: any StoredBytes, path: String, allowCode: Bool) throws(WeightsError) {
    do throws(WeightsHeader.Problem) {
      try WeightsHeader.check(file, path: path)
    } catch {
      switch error {
      case .malformed(let problem): throw .weightsHeader(path: path, problem)
      case .storage(let cause): throw .storage(path: path, .init(cause))
      }
    }
    guard !allowCode else { return }
    guard !CodeRule.isCode(path: path) else { throw .code(path: path) }
    if CodeRule.isConfiguration(path: path) { try checkConfiguration(file, path) }
  }

  /// A configuration that cannot be read strictly is refused: a lenient reader might find code in it.
  private static func checkConfiguration(_ file: any StoredBytes, _ path: String) throws(WeightsError) {
    guard file.byteCount <= CodeRule.configurationLimit else { throw .code(path: path) }
    do {
      let bytes = try file.bytes(at: 0, count: file.byteCount)
      guard try !CodeRule.namesCode(configuration: bytes) else { throw WeightsError.code(path: path) }
    } catch let error as WeightsError {
      throw error
    } catch let error as ParseError {
      throw .weightsHeader(path: path, error)
    } catch {
      throw .storage(path: path, .init(error))
    }
  }
}
