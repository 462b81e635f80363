internal import CGit2

/// libgit2's smart protocol with a repository on this machine, through git's own server programs.
///
/// libgit2's own way to a local path has no compare-and-swap, runs no hooks and ignores the
/// repository's settings: of racing pushes, some were lost. `git receive-pack` is what a server runs.
final class LocalTransport {
  private let watch: TransferWatch
  private var child: ChildProcess?
  private var isPush = false
  private var hasSpoken = false
  // Each is libgit2's struct, followed by a pointer to this object.
  private let subtransport: UnsafeMutableRawPointer
  private let stream: UnsafeMutableRawPointer

  private static let subtransportSize = MemoryLayout<git_smart_subtransport>.stride
  private static let streamSize = MemoryLayout<git_smart_subtransport_stream>.stride

  private init(_ watch: TransferWatch) {
    self.watch = watch
    let word = MemoryLayout<UnsafeMutableRawPointer>.stride
    subtransport = .allocate(byteCount: Self.subtransportSize + word, alignment: word)
    stream = .allocate(byteCount: Self.streamSize + word, alignment: word)
  }

  deinit {
    child?.end(kills: !isPush || !watch.goesOn)
    subtransport.deallocate()
    stream.deallocate()
  }

  /// The path that a URL names on this machine; nil where it is elsewhere.
  ///
  /// As in git, `host:path` is elsewhere, and a colon after a slash is part of a path.
  static func path(of url: String) -> String? {
    if url.hasPrefix("file://") {
      return URLText.decoded(String(url.dropFirst("file://".count)))
    }
    if url.contains("://") { return nil }
    let beforeSlash = url.prefix { $0 != "/" }
    return beforeSlash.contains(":") ? nil : url
  }

  /// Makes libgit2's transport for a remote (`git_transport_smart`).
  ///
  /// - Parameters:
  ///   - out: Gets the transport.
  ///   - owner: The remote.
  ///   - watch: A pointer to the ``TransferWatch``, which outlives the transport.
  /// - Returns: libgit2's result.
  static func make(
    _ out: UnsafeMutablePointer<UnsafeMutablePointer<git_transport>?>?, _ owner: OpaquePointer?,
    watch: TransferWatch
  ) -> Int32 {
    var definition = git_smart_subtransport_definition()
    definition.rpc = 0
    definition.param = Unmanaged.passUnretained(watch).toOpaque()
    definition.callback = { out, _, parameter in
      guard let out, let parameter else { return GIT_ERROR.rawValue }
      let watch = Unmanaged<TransferWatch>.fromOpaque(parameter).takeUnretainedValue()
      out.pointee = LocalTransport(watch).retainedSubtransport()
      return 0
    }
    // It is read only while the transport is made.
    return git_transport_smart(out, owner, &definition)
  }

  /// The structs that libgit2 sees; the first holds on to this object until it is freed.
  private func retainedSubtransport() -> UnsafeMutablePointer<git_smart_subtransport> {
    var face = git_smart_subtransport()
    face.action = { out, transport, url, service in
      guard let self = LocalTransport.at(transport, LocalTransport.subtransportSize) else {
        return GIT_ERROR.rawValue
      }
      return self.start(out, url: text(url) ?? "", service)
    }
    face.close = { transport in
      LocalTransport.at(transport, LocalTransport.subtransportSize)?.close()
      return 0
    }
    face.free = { transport in
      guard let transport else { return }
      let slot = UnsafeMutableRawPointer(transport) + LocalTransport.subtransportSize
      Unmanaged<LocalTransport>.fromOpaque(slot.load(as: UnsafeMutableRawPointer.self)).release()
    }
    let faceOfThis = subtransport.bindMemory(to: git_smart_subtransport.self, capacity: 1)
    faceOfThis.initialize(to: face)
    (subtransport + Self.subtransportSize).storeBytes(
      of: Unmanaged.passRetained(self).toOpaque(), as: UnsafeMutableRawPointer.self)

    var flow = git_smart_subtransport_stream()
    flow.subtransport = faceOfThis
    flow.read = { stream, buffer, size, count in
      guard let self = LocalTransport.at(stream, LocalTransport.streamSize), let buffer, let count
      else { return GIT_ERROR.rawValue }
      return self.read(UnsafeMutableRawBufferPointer(start: buffer, count: size), count)
    }
    flow.write = { stream, buffer, size in
      guard let self = LocalTransport.at(stream, LocalTransport.streamSize) else {
        return GIT_ERROR.rawValue
      }
      return self.write(UnsafeRawBufferPointer(start: buffer, count: size))
    }
    // The stream is this object's, which goes with the subtransport.
    flow.free = { _ in }
    stream.bindMemory(to: git_smart_subtransport_stream.self, capacity: 1).initialize(to: flow)
    (stream + Self.streamSize).storeBytes(
      of: Unmanaged.passUnretained(self).toOpaque(), as: UnsafeMutableRawPointer.self)
    return faceOfThis
  }

  private static func at<Face>(_ face: UnsafeMutablePointer<Face>?, _ offset: Int)
    -> LocalTransport?
  {
    guard let face else { return nil }
    let slot = UnsafeMutableRawPointer(face) + offset
    return Unmanaged<LocalTransport>.fromOpaque(slot.load(as: UnsafeMutableRawPointer.self))
      .takeUnretainedValue()
  }

  private func start(
    _ out: UnsafeMutablePointer<UnsafeMutablePointer<git_smart_subtransport_stream>?>?, url: String,
    _ service: git_smart_service_t
  ) -> Int32 {
    do throws(GitError) {
      if child == nil {
        isPush = service == GIT_SERVICE_RECEIVEPACK_LS || service == GIT_SERVICE_RECEIVEPACK
        guard let path = Self.path(of: url) else {
          throw GitError(.invalidSpec, "\(url) is no path on this machine")
        }
        child = try ChildProcess(
          ["git", isPush ? "receive-pack" : "upload-pack", "--", path],
          environment: Self.repositoryVariables)
      }
    } catch {
      return Self.fail(error)
    }
    out?.pointee = stream.assumingMemoryBound(to: git_smart_subtransport_stream.self)
    return 0
  }

  /// The variables that are about our repository, not the other one (`git rev-parse
  /// --local-env-vars`).
  private static let repositoryVariables: [String: String?] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES": nil, "GIT_CONFIG": nil, "GIT_CONFIG_PARAMETERS": nil,
    "GIT_CONFIG_COUNT": nil, "GIT_OBJECT_DIRECTORY": nil, "GIT_DIR": nil, "GIT_WORK_TREE": nil,
    "GIT_IMPLICIT_WORK_TREE": nil, "GIT_GRAFT_FILE": nil, "GIT_INDEX_FILE": nil,
    "GIT_NO_REPLACE_OBJECTS": nil, "GIT_REPLACE_REF_BASE": nil, "GIT_PREFIX": nil,
    "GIT_SHALLOW_FILE": nil, "GIT_COMMON_DIR": nil, "GIT_PROTOCOL": nil,
  ]

  private func read(_ buffer: UnsafeMutableRawBufferPointer, _ count: UnsafeMutablePointer<Int>)
    -> Int32
  {
    do throws(GitError) {
      guard let child else { throw GitError(.failed, "the connection is closed") }
      let received = try child.read(buffer, goesOn: { watch.goesOn })
      watch.sign()
      if received > 0 {
        hasSpoken = true
      } else if !hasSpoken {
        throw child.failure("git ended without a word")
      }
      // At its end, libgit2 knows whether it has all that it waits for.
      count.pointee = received
      return 0
    } catch {
      return Self.fail(error)
    }
  }

  private func write(_ bytes: UnsafeRawBufferPointer) -> Int32 {
    do throws(GitError) {
      guard let child else { throw GitError(.failed, "the connection is closed") }
      try child.write(bytes, goesOn: { watch.goesOn })
      watch.sign()
      return 0
    } catch {
      return Self.fail(error)
    }
  }

  private func close() {
    // After a push, hooks may still run; they are the repository's business.
    child?.end(kills: !isPush || !watch.goesOn)
    child = nil
  }

  private static func fail(_ error: GitError) -> Int32 {
    git_error_set_str(GIT_ERROR_NET.rawValue.asInt32, error.message)
    return GIT_ERROR.rawValue
  }
}

extension UInt32 {
  fileprivate var asInt32: Int32 { Int32(bitPattern: self) }
}

/// The `%` escapes of URLs.
enum URLText {
  /// A text with `%2F` and the like as the bytes that they stand for.
  static func decoded(_ text: String) -> String {
    var result: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), value != 0
      {
        result.append(value)
        rest.removeFirst(2)
      } else {
        result.append(byte)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
