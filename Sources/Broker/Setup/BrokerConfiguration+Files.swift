extension BrokerConfiguration {
  /// Reads the files and folders that the configuration names, as a start would.
  /// - Throws: `StartError` for the first that is missing or not what it should be.
  package func checkFiles() throws {
    _ = try OpenedState.loadAnchors(anchors)
    _ = try CollateralFolders(paths: collateral).read()
  }
}
