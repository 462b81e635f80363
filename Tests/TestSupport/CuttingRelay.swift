import Foundation
import SystemPackage

/// A relay in front of a server on this machine that cuts connections after so many bytes.
public struct CuttingRelay: Sendable {
  /// Which bytes are counted.
  public enum Direction: String, Sendable, CaseIterable {
    /// What the client sends.
    case up
    /// What the server sends.
    case down
  }

  /// Its port on 127.0.0.1.
  public let port: Int
  private let limit: FilePath

  /// Cuts the connections to come once a direction has carried so many bytes in all.
  public func cut(_ direction: Direction, after bytes: Int) throws {
    try writeFile(limit, "\(direction.rawValue) \(bytes)")
  }

  /// Lets the connections to come be.
  public func heal() throws { try removeFile(limit) }

  /// Runs a body while a relay to a port runs.
  public static func with(
    to port: Int, _ body: @Sendable (CuttingRelay) async throws -> Void
  ) async throws {
    let folder = ScratchDirectory.current.path
    let (limit, pid) = (folder.appending("relay.limit"), folder.appending("relay.pid"))
    // Bytes are counted over all connections since the limit was set: HTTP may take several.
    let script = """
      use IO::Socket::INET; use IO::Select;
      my ($port, $limit, $pid) = @ARGV;
      my $server = IO::Socket::INET->new(Listen => 20, LocalAddr => '127.0.0.1') or die "listen: $!";
      open(my $out, '>', "$pid.new") or die; print $out "$$ " . $server->sockport; close($out);
      rename("$pid.new", $pid);
      $SIG{ALRM} = sub { exit 0 }; alarm 3000; $SIG{PIPE} = 'IGNORE';
      my $select = IO::Select->new($server); my %peer; my %isClient;
      my ($word, $left, $age) = ('', 0, '');
      sub drop { for my $s (@_) { next unless $s; $select->remove($s); delete $peer{$s}; close($s); } }
      while (1) {
        for my $socket ($select->can_read(1)) {
          if ($socket == $server) {
            my $client = $server->accept or next;
            my $text = ''; if (open(my $file, '<', $limit)) { $text = <$file> // ''; close($file) }
            if ($text ne $age) { $age = $text; ($word, $left) = split(/ /, $text); $word //= ''; }
            my $other = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port);
            if (!$other || ($word ne '' && $left <= 0)) { close($client); close($other) if $other; next }
            $peer{$client} = $other; $peer{$other} = $client; $isClient{$client} = 1;
            delete $isClient{$other}; $select->add($client, $other); next;
          }
          my $other = $peer{$socket} or next;
          my $count = sysread($socket, my $bytes, 16384);
          if (!$count) { drop($socket, $other); next }
          if ($word eq ($isClient{$socket} ? 'up' : 'down')) {
            my $part = $count < $left ? $count : $left; $left -= $count;
            my $sent = 0;
            while ($sent < $part) { my $n = syswrite($other, $bytes, $part - $sent, $sent); last unless $n; $sent += $n }
            if ($left <= 0) { drop($socket, $other) }
            next;
          }
          my $sent = 0;
          while ($sent < $count) { my $n = syswrite($other, $bytes, $count - $sent, $sent); last unless $n; $sent += $n }
        }
      }
      """
    async let ended = runProgram(
      "perl", ["-e", script, "\(port)", limit.string, pid.string], in: folder)
    for _ in 0..<1000 where !exists(pid) { try await Task.sleep(for: .milliseconds(10)) }
    let words = String(decoding: try readFile(pid), as: UTF8.self).split(separator: " ")
    guard words.count == 2, let process = pid_t(words[0]), let port = Int(words[1]) else {
      throw TestFailure("the relay has not told its port")
    }
    let result: Result<Void, any Error>
    do {
      result = .success(try await body(CuttingRelay(port: port, limit: limit)))
    } catch {
      result = .failure(error)
    }
    kill(process, SIGTERM)
    _ = try await ended
    try result.get()
  }
}
