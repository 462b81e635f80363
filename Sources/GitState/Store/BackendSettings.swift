public import Configuration

/// The settings that a backend is made of, as all layers together have them.
///
/// A backend reads all of its settings when it is made: what is asked for then is what
/// ``StateManagerFactory`` knows of, and a setting on the command line that nobody asked for is refused
/// as a slip.
public struct BackendSettings: Sendable {
  /// The folder from which relative paths begin.
  public let directory: String
  /// The settings as swift-configuration has them, from the backend's name on.
  public let reader: ConfigReader
  private let prefix: String
  private let repository: RepositoryLayer?

  /// Reads the settings below a backend's name; nil reads those of the manager itself.
  init(
    backend: String?, directory: String, reader: ConfigReader, repository: RepositoryLayer?
  ) {
    self.directory = directory
    self.repository = repository
    self.reader = backend.map { reader.scoped(to: ConfigKey([$0])) } ?? reader
    prefix = backend.map { "\($0)." } ?? ""
  }

  /// A text.
  ///
  /// - Parameter name: The setting, as in `branch`.
  /// - Returns: nil where no layer has it.
  public func string(_ name: String) -> String? {
    let key = ConfigKey(name)
    // A program's own layers may have typed values; ours have texts alone.
    return reader.string(forKey: key) ?? reader.int(forKey: key).map(String.init)
      ?? reader.double(forKey: key).map { "\($0)" } ?? reader.bool(forKey: key).map(String.init)
  }

  /// A text that there must be.
  ///
  /// - Throws: `INVALID_ARGUMENT` where no layer has it.
  public func required(_ name: String) throws(StateError) -> String {
    guard let value = string(name), !value.isEmpty else {
      throw StateError(
        .invalidArgument,
        "the setting \(prefix)\(name) is missing; give it with -c \(prefix)\(name)=..., or as "
          + "\(variable(name)) in the environment")
    }
    return value
  }

  /// A path.
  ///
  /// A relative one is from ``directory``; where the repository's settings have it, it is from the
  /// repository's root, so that it is the same place from every folder.
  ///
  /// - Parameter name: The setting, as in `path`.
  /// - Returns: nil where no layer has it.
  public func path(_ name: String) -> String? {
    guard let path = string(name) else { return nil }
    var start = directory
    if let repository, repository.above.string(forKey: ConfigKey(prefix + name)) == nil {
      start = repository.root
    }
    return path.hasPrefix("/") || start == "." ? path : "\(start)/\(path)"
  }

  /// A switch: `true` or `false`, also `yes`, `no`, `on`, `off`, `1` and `0`.
  ///
  /// - Throws: `INVALID_ARGUMENT` where it is anything else.
  public func bool(_ name: String) throws(StateError) -> Bool? {
    guard let text = string(name) else { return nil }
    switch text.lowercased() {
    case "true", "yes", "on", "1": return true
    case "false", "no", "off", "0": return false
    default: throw refusal(name, text, "true or false")
    }
  }

  /// A whole number.
  ///
  /// - Parameters:
  ///   - name: The setting.
  ///   - range: What it may be.
  /// - Returns: nil where no layer has it.
  /// - Throws: `INVALID_ARGUMENT` where it is anything else.
  public func integer(_ name: String, in range: ClosedRange<Int>) throws(StateError) -> Int? {
    guard let text = string(name) else { return nil }
    guard let number = Int(text), range.contains(number) else {
      throw refusal(name, text, "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// A time in seconds, up to a day; it may have decimals.
  ///
  /// - Throws: `INVALID_ARGUMENT` where it is anything else.
  public func seconds(_ name: String) throws(StateError) -> Duration? {
    guard let text = string(name) else { return nil }
    guard let number = Double(text), (0...86_400).contains(number) else {
      throw refusal(name, text, "a number of seconds from 0 to 86400")
    }
    return .seconds(number)
  }

  /// One of some words.
  ///
  /// - Throws: `INVALID_ARGUMENT` where it is anything else.
  public func choice<Word: RawRepresentable<String> & CaseIterable>(_ name: String, of: Word.Type)
    throws(StateError) -> Word?
  {
    guard let text = string(name) else { return nil }
    guard let word = Word(rawValue: text) else {
      throw refusal(name, text, Word.allCases.map(\.rawValue).joined(separator: " or "))
    }
    return word
  }

  private func refusal(_ name: String, _ value: String, _ what: String) -> StateError {
    StateError(
      .invalidArgument,
      "the setting \(prefix)\(name) is \(value.quoted) and must be \(what)")
  }

  /// How the environment writes a setting.
  private func variable(_ name: String) -> String {
    var result = "GITSTATE_"
    for character in prefix + name {
      if character.isUppercase { result += "_" }
      result += character == "." ? "_" : character.uppercased()
    }
    return result
  }
}
