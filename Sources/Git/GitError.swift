internal import CGit2
internal import Glibc

/// What libgit2, the operating system or this module refused to do, and why.
///
/// Match ``code`` to decide what to do next; ``description`` is for people.
public struct GitError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kind of failure.
  public let code: Code
  /// The part of libgit2 that failed.
  public let category: Category
  /// What happened, in words.
  public let message: String
  /// The path, reference, revision or object ID that it happened to.
  public let context: String?

  /// An error of this module's own.
  public init(
    _ code: Code, _ message: String, category: Category = .none, context: String? = nil
  ) {
    self.code = code
    self.category = category
    self.message = message
    self.context = context
  }

  /// What happened, and to what.
  public var description: String {
    guard let context, !context.isEmpty, !message.contains(context) else { return message }
    return "\(context): \(message)"
  }
}

extension GitError {
  /// A result code of libgit2 (`git_error_code`), or one of this module's own, which are positive.
  public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The number that libgit2 returns.
    public let rawValue: Int32

    /// The code with this number.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// Any failure without a code of its own.
    public static let failed = Code(rawValue: -1)
    /// Not there; of an object, also: not in any object store of the repository.
    public static let notFound = Code(rawValue: -3)
    /// There already.
    public static let exists = Code(rawValue: -4)
    /// More than one object fits.
    public static let ambiguous = Code(rawValue: -5)
    /// A callback ended the operation.
    public static let user = Code(rawValue: -7)
    /// A bare repository has no working tree for this.
    public static let bareRepository = Code(rawValue: -8)
    /// The branch has no commit yet.
    public static let unbornBranch = Code(rawValue: -9)
    /// A merge is under way.
    public static let unmerged = Code(rawValue: -10)
    /// The reference would lose commits.
    public static let notFastForward = Code(rawValue: -11)
    /// A name or revision of a form that git does not allow.
    public static let invalidSpec = Code(rawValue: -12)
    /// A checkout would overwrite something.
    public static let conflict = Code(rawValue: -13)
    /// Another program holds the lock file.
    public static let locked = Code(rawValue: -14)
    /// The reference is not where the caller expected it.
    public static let modified = Code(rawValue: -15)
    /// The server did not accept who we are.
    public static let authentication = Code(rawValue: -16)
    /// The server's certificate or host key is not trusted.
    public static let certificate = Code(rawValue: -17)
    /// The object cannot be peeled to the wanted type.
    public static let peel = Code(rawValue: -19)
    /// A value or operation that is not valid.
    public static let invalid = Code(rawValue: -21)
    /// Uncommitted changes are in the way.
    public static let uncommitted = Code(rawValue: -22)
    /// A directory is in the way.
    public static let directory = Code(rawValue: -23)
    /// A merge ended with conflicts.
    public static let mergeConflict = Code(rawValue: -24)
    /// An object's content does not have its hash.
    public static let mismatch = Code(rawValue: -33)
    /// The repository belongs to another user and is not trusted.
    public static let owner = Code(rawValue: -36)
    /// Something is there but cannot be read: damaged, empty, forbidden, or files have run out.
    public static let unreadable = Code(rawValue: 1)
    /// An object is larger than the caller wants to read.
    public static let tooLarge = Code(rawValue: 2)
    /// The operating system does not let us; waiting will not help.
    public static let forbidden = Code(rawValue: 3)
    /// A server was silent for longer than the caller wants to wait.
    public static let timedOut = Code(rawValue: 4)
    /// What a server sent has a hole, or a name that leads out of its folder.
    public static let badContent = Code(rawValue: 5)
    /// A rename would lead to another file system, or to another mount of the same.
    public static let otherFileSystem = Code(rawValue: 6)
    /// The disk is full, or a quota or the limit of a file's size is reached.
    public static let noSpace = Code(rawValue: 7)

    /// The number.
    public var description: String { "\(rawValue)" }
  }

  /// The part of libgit2 that an error comes from (`git_error_t`).
  public struct Category: RawRepresentable, Hashable, Sendable {
    /// libgit2's number for it.
    public let rawValue: Int32

    /// The category with this number.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// None: an error of this module's own.
    public static let none = Category(rawValue: 0)
    /// The operating system.
    public static let system = Category(rawValue: 2)
    /// An argument.
    public static let invalid = Category(rawValue: 3)
    /// References.
    public static let reference = Category(rawValue: 4)
    /// Compressed data, which is what objects are on disk.
    public static let zlib = Category(rawValue: 5)
    /// The repository as a whole.
    public static let repository = Category(rawValue: 6)
    /// Configuration.
    public static let configuration = Category(rawValue: 7)
    /// The object store.
    public static let objectDatabase = Category(rawValue: 9)
    /// The index.
    public static let index = Category(rawValue: 10)
    /// The content of an object.
    public static let object = Category(rawValue: 11)
    /// The network.
    public static let network = Category(rawValue: 12)
    /// Trees.
    public static let tree = Category(rawValue: 14)
    /// TLS.
    public static let tls = Category(rawValue: 16)
    /// SSH.
    public static let ssh = Category(rawValue: 23)
    /// HTTP.
    public static let http = Category(rawValue: 34)
  }
}

extension GitError {
  /// The error that a libgit2 function has just returned on this thread.
  ///
  /// `git_error_last` is thread-local and stays after a success, so it is cleared once read; then
  /// a function that fails without a message cannot borrow another's.
  init(status: Int32, context: String?) {
    var code = Code(rawValue: status)
    var message = "git operation failed (code \(status))"
    var category = Category.none
    if let last = git_error_last() {
      category = Category(rawValue: last.pointee.klass)
      if let text = last.pointee.message { message = String(cString: text) }
    }
    git_error_clear()
    // libgit2 turns EACCES into GIT_ELOCKED, too (git_fs_path_set_error), and only its message
    // tells a file that we may not read from a lock that will go.
    if code == .locked, message.hasSuffix(String(cString: strerror(EACCES))) { code = .forbidden }
    for number in [ENOSPC, EDQUOT, EFBIG, EMFILE, ENFILE]
    where message.hasSuffix(String(cString: strerror(number))) {
      message += Self.remedy(for: number)
      break
    }
    self.init(code, message, category: category, context: context)
  }

  /// The same error, told with more about what it happened to.
  func with(code: Code? = nil, message: String? = nil, context: String? = nil) -> GitError {
    GitError(
      code ?? self.code, message ?? self.message, category: category,
      context: context ?? self.context)
  }
}

extension GitError {
  /// What to do about an error of the operating system, as the end of a sentence; empty where that depends.
  ///
  /// - Parameter number: As `errno` has it.
  /// - Returns: Such as `; free some space`.
  public static func remedy(for number: Int32) -> String {
    switch number {
    case ENOSPC, EDQUOT: "; free some space"
    case EFBIG: "; raise the limit of a file's size (ulimit -f)"
    case EACCES, EPERM, EROFS: "; check who may read and write there"
    case EMFILE, ENFILE: "; raise the limit of open files (ulimit -n)"
    default: ""
    }
  }
}
