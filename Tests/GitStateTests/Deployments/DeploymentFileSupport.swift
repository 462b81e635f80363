import LosslessJSON
import Testing

@testable import GitState

/// Reads a text that must be a network's file.
func deployment(_ text: String, name: String = "bscmainnet.json") throws -> DeploymentFile {
  try deployment(Array(text.utf8), name: name)
}

/// Reads bytes that must be a network's file.
func deployment(_ bytes: [UInt8], name: String = "bscmainnet.json") throws -> DeploymentFile {
  switch DeploymentFile.parse(name: name, bytes: bytes) {
  case .deployment(let file): return file
  case .broken(let error): throw error
  case .foreign: throw Unexpected(what: "\(name) is foreign")
  }
}

/// Something else came than the test is about.
struct Unexpected: Error {
  let what: String
}

/// A record from its JSON.
func contract(_ json: String) throws -> Contract {
  try Contract(record: #require(try JSONValue(parsing: json).object))
}

/// The error that reading a contract ends with.
func fault(of name: String, in file: DeploymentFile) throws -> StateError {
  try #require(throws: StateError.self) { try file.contract(named: name) }
}

/// The only entry `X` of a file of chain 56, read.
func entry(
  _ json: String, hashes: String = "{}", members: String = ""
) throws -> Contract {
  let file = try deployment(
    #"{"network":"bsc","chainId":56,\#(members)"contracts":{"X":\#(json)},"implementationHashes":\#(hashes)}"#
  )
  return try #require(try file.contract(named: "X"))
}

/// The lines of a text, each with its line end.
func lines(_ bytes: [UInt8]) -> [String] {
  var result: [String] = []
  var line: [UInt8] = []
  for byte in bytes {
    line.append(byte)
    if byte == UInt8(ascii: "\n") {
      result.append(String(decoding: line, as: UTF8.self))
      line = []
    }
  }
  if !line.isEmpty { result.append(String(decoding: line, as: UTF8.self)) }
  return result
}

/// The lines that a change removed and those that it brought, each list in order.
func lineDiff(_ old: [UInt8], _ new: [UInt8]) -> (removed: [String], inserted: [String]) {
  var removed: [String] = []
  var inserted: [String] = []
  for change in lines(new).difference(from: lines(old), by: { $0.utf8.elementsEqual($1.utf8) }) {
    switch change {
    case .remove(_, let line, _): removed.insert(line, at: 0)
    case .insert(_, let line, _): inserted.append(line)
    }
  }
  return (removed, inserted)
}

extension JSONObject {
  /// The record that a contract's JSON text is.
  init(json: String) throws {
    self = try #require(try JSONValue(parsing: json).object)
  }
}
