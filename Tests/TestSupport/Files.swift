import Foundation
public import SystemPackage

/// The content of a file.
public func readFile(_ path: FilePath) throws -> [UInt8] {
  let file = try FileDescriptor.open(path, .readOnly)
  return try file.closeAfter {
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
      if count == 0 { return content }
      content += buffer[..<count]
    }
  }
}

/// Writes a file, replacing one that is there.
public func writeFile(_ path: FilePath, _ content: [UInt8]) throws {
  let file = try FileDescriptor.open(
    path, .writeOnly, options: [.create, .truncate], permissions: FilePermissions(rawValue: 0o644))
  _ = try file.closeAfter { try file.writeAll(content) }
}

/// Writes a file as UTF-8 text, replacing one that is there.
public func writeFile(_ path: FilePath, _ text: String) throws {
  try writeFile(path, Array(text.utf8))
}

/// Makes a folder whose parent exists.
@discardableResult
public func makeFolder(_ path: FilePath) throws -> FilePath {
  guard path.withPlatformString({ mkdir($0, 0o755) }) == 0 else { throw Errno(rawValue: errno) }
  return path
}

/// Whether something is at a path, a dangling link included.
public func exists(_ path: FilePath) -> Bool {
  var status = stat()
  return path.withPlatformString { lstat($0, &status) } == 0
}

/// The names in a folder, sorted.
public func entries(of folder: FilePath) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder.string).sorted()
}

/// Makes a folder and those above it that are missing.
public func makeFolders(_ path: FilePath) throws {
  try FileManager.default.createDirectory(
    atPath: path.string, withIntermediateDirectories: true)
}

/// The permission bits of a file or folder.
public func permissions(of path: FilePath) throws -> UInt16 {
  let attributes = try FileManager.default.attributesOfItem(atPath: path.string)
  return UInt16(attributes[.posixPermissions] as? Int ?? 0)
}

/// Sets the permission bits of a file or folder.
public func setPermissions(_ mode: UInt16, of path: FilePath) throws {
  try FileManager.default.setAttributes(
    [.posixPermissions: Int(mode)], ofItemAtPath: path.string)
}

/// Removes a file.
public func removeFile(_ path: FilePath) throws {
  try FileManager.default.removeItem(atPath: path.string)
}
