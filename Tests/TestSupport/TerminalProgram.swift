public import SystemPackage

/// Runs a program on a terminal of its own (`script` of util-linux), and types answers.
///
/// - Parameters:
///   - command: What the shell runs there.
///   - answers: What is typed, each once its prompt has been shown.
///   - folder: Where it runs.
///   - environment: Variables to set.
/// - Returns: The command's status, and as the output all that the terminal showed.
/// - Throws: Where it cannot be started.
public func runOnTerminal(
  _ command: String, answers: [(prompt: String, answer: String)] = [], in folder: FilePath,
  environment: [String: String] = [:]
) async throws -> ProgramResult {
  let script = """
    command=$1; shift
    work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
    mkfifo "$work/keys"
    script -qefc "$command" "$work/screen" < "$work/keys" > /dev/null 2>&1 & running=$!
    exec 3> "$work/keys"
    while [ $# -gt 0 ]; do
      for attempt in $(seq 600); do
        grep -qF -- "$1" "$work/screen" 2>/dev/null && break
        kill -0 $running 2>/dev/null || break
        sleep 0.05
      done
      printf '%s\\n' "$2" >&3
      shift 2
    done
    wait $running; status=$?
    exec 3>&-
    sed -e '/^Script started on /d' -e '/^Script done on /d' "$work/screen"
    exit $status
    """
  return try await runProgram(
    "bash", ["-c", script, "bash", command] + answers.flatMap { [$0.prompt, $0.answer] },
    in: folder, environment: environment)
}
