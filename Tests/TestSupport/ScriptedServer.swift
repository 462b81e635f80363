import Foundation
import SystemPackage

/// A server that misbehaves as a test wants it: a perl script that serves one connection after the
/// other on 127.0.0.1.
public struct ScriptedServer: Sendable {
  /// What the server does with a connection.
  public enum Behaviour: Sendable {
    /// Takes it and never says anything.
    case silent
    /// Closes it at once.
    case closing
    /// Sends these bytes and closes it.
    case sending([UInt8])
    /// Speaks git's protocol (git://): names one commit as `refs/heads/main`, and sends this as the
    /// pack whatever is asked.
    case git(commit: String, pack: [UInt8])
  }

  /// The port.
  public let port: Int

  /// Runs a body while a server runs.
  public static func with(
    _ behaviour: Behaviour, _ body: @Sendable (ScriptedServer) async throws -> Void
  ) async throws {
    let folder = ScratchDirectory.current.path
    let name = "server\(Int.random(in: 0..<1_000_000))"
    let data = folder.appending("\(name).data")
    let word: String
    var commit = ""
    switch behaviour {
    case .silent:
      word = "silent"
      try writeFile(data, "")
    case .closing:
      word = "closing"
      try writeFile(data, "")
    case .sending(let bytes):
      word = "sending"
      try writeFile(data, bytes)
    case .git(let id, let pack):
      word = "git"
      commit = id
      try writeFile(data, pack)
    }
    let script = """
      use IO::Socket::INET;
      my ($data, $pid, $word, $commit) = @ARGV;
      open(my $file, '<:raw', $data) or die; local $/; my $bytes = <$file>; close($file);
      my $server = IO::Socket::INET->new(Listen => 20, LocalAddr => '127.0.0.1') or die "listen: $!";
      open(my $out, '>', "$pid.new") or die; print $out "$$ " . $server->sockport; close($out);
      rename("$pid.new", $pid);
      $SIG{ALRM} = sub { exit 0 }; alarm 300;
      $SIG{PIPE} = 'IGNORE';
      my @kept;
      sub pkt { my $text = shift; return sprintf('%04x', length($text) + 4) . $text }
      while (my $client = $server->accept) {
        if ($word eq 'silent') { push @kept, $client; next }
        if ($word eq 'closing') { close($client); next }
        if ($word eq 'sending') { print $client $bytes; $client->flush; close($client); next }
        my $buffer = '';
        sysread($client, $buffer, 65536);
        syswrite($client, pkt("$commit HEAD\\0ofs-delta agent=test\\n") . pkt("$commit refs/heads/main\\n") . '0000');
        my $all = '';
        while (sysread($client, $buffer, 65536)) { $all .= $buffer; last if $all =~ /done/ }
        syswrite($client, pkt("NAK\\n") . $bytes);
        close($client);
      }
      """
    let pid = folder.appending("\(name).pid")
    async let ended = runProgram(
      "perl", ["-e", script, data.string, pid.string, word, commit], in: folder)
    for _ in 0..<1000 where !exists(pid) { try await Task.sleep(for: .milliseconds(10)) }
    let words = String(decoding: try readFile(pid), as: UTF8.self).split(separator: " ")
    guard words.count == 2, let process = pid_t(words[0]), let port = Int(words[1]) else {
      throw TestFailure("the server has not told its port")
    }
    let result: Result<Void, any Error>
    do {
      result = .success(try await body(ScriptedServer(port: port)))
    } catch {
      result = .failure(error)
    }
    kill(process, SIGTERM)
    _ = try await ended
    try result.get()
  }
}
