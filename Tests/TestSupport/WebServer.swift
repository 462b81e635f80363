import Foundation
public import SystemPackage

/// A real nginx with TLS that runs `git http-backend`, for one user with a password.
public struct WebServer: Sendable {
  /// Which certificate the server shows.
  public enum Certificate: Sendable {
    /// One of the test's own authority.
    case valid
    /// One of the test's own authority that was valid until last year.
    case expired
  }

  /// The user and the password that the server takes.
  public static let user = "robot"
  /// The password of ``user``.
  public static let password = "s3cret-t0ken"

  /// The port of https on localhost.
  public let port: Int
  /// The port of http on localhost.
  public let plainPort: Int
  /// The authority's certificate, for `GIT_SSL_CAINFO`.
  public let authority: FilePath
  /// The folder whose repositories are served.
  public let root: FilePath

  /// Why it cannot run here; nil where it can.
  public static var reasonNotToRun: String? {
    for (file, package) in [
      ("/usr/sbin/nginx", "nginx-light"), ("/usr/sbin/fcgiwrap", "fcgiwrap"),
      ("/usr/bin/openssl", "openssl"),
    ] where !exists(FilePath(file)) {
      return "\(file) is not installed (\(package))"
    }
    return exists("/usr/lib/git-core/git-http-backend") ? nil : "git has no http-backend"
  }

  /// A repository's https address.
  public func url(of name: String) -> String { "https://\(Self.user)@localhost:\(port)/\(name)" }

  /// Variables for programs that trust the server and have its password as a token.
  public var environment: [String: String] {
    ["GIT_SSL_CAINFO": authority.string, "GITSTATE_TOKEN": Self.password]
  }

  /// Runs a body while a server runs.
  ///
  /// - Parameters:
  ///   - root: The folder whose repositories are served.
  ///   - certificate: Which certificate it shows.
  ///   - body: Gets the server.
  /// - Throws: What the body throws, or where the server does not start.
  public static func with(
    serving root: FilePath, certificate: Certificate = .valid,
    _ body: @Sendable (WebServer) async throws -> Void
  ) async throws {
    let folder = try makeFolder(ScratchDirectory.current.path.appending("nginx"))
    try makeFolder(folder.appending("tmp"))
    let script = """
      set -e
      cd "$1"
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \\
        -subj /CN=Test-authority -keyout ca.key -out ca.pem \\
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
      openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \\
        -keyout server.key -out server.csr
      printf 'subjectAltName=DNS:localhost\\nbasicConstraints=CA:FALSE\\n' > ext
      touch index; echo 01 > serial
      printf '[ca]\\ndefault_ca=own\\n[own]\\ndatabase=index\\nserial=serial\\nnew_certs_dir=.\\n' > conf
      printf 'default_md=sha256\\npolicy=any\\n[any]\\ncommonName=supplied\\n' >> conf
      openssl ca -batch -config conf -cert ca.pem -keyfile ca.key -in server.csr \\
        -extfile ext -startdate "$2" -enddate "$3" -out server.pem
      printf '%s:%s\\n' "$4" "$(openssl passwd -apr1 "$5")" > users
      """
    let year = 60 * 60 * 24 * 365.0
    let (start, end) =
      certificate == .valid ? (-year, year) : (-2 * year, -year)
    let made = try await runProgram(
      "sh",
      ["-c", script, "sh", folder.string, Self.time(start), Self.time(end), user, password],
      in: folder)
    guard made.status == 0 else { throw TestFailure("openssl: \(made.errors)") }
    try await TestPort.retrying { port in
      try writeFile(folder.appending("nginx.conf"), configuration(folder, root, port))
      let started = try await runProgram(
        "sh",
        [
          "-c",
          """
          rm -f pid
          /usr/sbin/nginx -p . -c "$1/nginx.conf" -e "$1/error.log" || exit 1
          test -S cgi || {
            setsid fcgiwrap -f -c 4 -s "unix:$1/cgi" >/dev/null 2>&1 </dev/null & echo $! > cgi.pid
          }
          """, "sh", folder.string,
        ], in: folder)
      guard started.status == 0 else { return false }
      return try await TestPort.isOpen(port, until: folder.appending("pid"))
    } then: { port in
      let server = WebServer(
        port: port, plainPort: port + 1, authority: folder.appending("ca.pem"), root: root)
      for _ in 0..<500 where !exists(folder.appending("cgi")) {
        try await Task.sleep(for: .milliseconds(10))
      }
      let result: Result<Void, any Error>
      do {
        result = .success(try await body(server))
      } catch {
        result = .failure(error)
      }
      try TestPort.end(processIn: folder.appending("pid"))
      try TestPort.end(processIn: folder.appending("cgi.pid"))
      try result.get()
    }
  }

  private static func time(_ offset: TimeInterval) -> String {
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.timeZone = TimeZone(secondsFromGMT: 0)
    format.dateFormat = "yyyyMMddHHmmss'Z'"
    return format.string(from: Date(timeIntervalSinceNow: offset))
  }

  private static func configuration(_ folder: FilePath, _ root: FilePath, _ port: Int) -> String {
    let location = """
      location / {
        auth_basic "git";
        auth_basic_user_file \(folder)/users;
        client_max_body_size 0;
        fastcgi_pass unix:\(folder)/cgi;
        fastcgi_param SCRIPT_FILENAME /usr/lib/git-core/git-http-backend;
        fastcgi_param GIT_PROJECT_ROOT \(root);
        fastcgi_param GIT_HTTP_EXPORT_ALL 1;
        fastcgi_param PATH_INFO $uri;
        fastcgi_param REMOTE_USER $remote_user;
        fastcgi_param QUERY_STRING $query_string;
        fastcgi_param REQUEST_METHOD $request_method;
        fastcgi_param CONTENT_TYPE $content_type;
        fastcgi_param CONTENT_LENGTH $content_length;
        fastcgi_param HTTP_CONTENT_ENCODING $http_content_encoding;
      }
      """
    let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map { "\($0)_temp_path \(folder)/tmp/\($0);" }.joined(separator: "\n")
    return """
      \(getuid() == 0 ? "user root;" : "")
      pid \(folder)/pid;
      error_log \(folder)/error.log;
      worker_processes 1;
      events { worker_connections 64; }
      http {
        access_log \(folder)/access.log;
        \(paths)
        server {
          listen 127.0.0.1:\(port) ssl;
          server_name localhost;
          ssl_certificate \(folder)/server.pem;
          ssl_certificate_key \(folder)/server.key;
          \(location)
        }
        server {
          listen 127.0.0.1:\(port + 1);
          server_name localhost;
          \(location)
        }
      }

      """
  }
}
