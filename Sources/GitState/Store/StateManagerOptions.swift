public import CoreMetrics
import Glibc
public import Logging

/// How a manager goes about its work.
public struct StateManagerOptions: Sendable {
  /// What sees each operation before the backend does, in this order.
  public var middleware: [any StateMiddleware]
  /// How long a caller waits for an answer; nil is as long as it takes.
  public var timeout: Duration?
  /// How many events are kept for a listener that is slow; then the oldest go.
  public var eventBufferSize: Int
  /// Where operations are logged: each one at the level debug, with key, backend, duration and outcome,
  /// and never with a value of a record.
  public var logger: Logger
  /// Where metrics go; nil is where swift-metrics is told to send them.
  public var metricsFactory: (any MetricsFactory)?

  /// Makes options; each has the value that serves most.
  ///
  /// - Parameters:
  ///   - middleware: What sees each operation before the backend does, in this order.
  ///   - timeout: How long a caller waits for an answer.
  ///   - eventBufferSize: How many events are kept for a listener that is slow.
  ///   - logger: Where operations are logged; nil is ``defaultLogger``.
  ///   - metricsFactory: Where metrics go; nil is where swift-metrics is told to send them.
  public init(
    middleware: [any StateMiddleware] = [], timeout: Duration? = nil,
    eventBufferSize: Int = 1000, logger: Logger? = nil,
    metricsFactory: (any MetricsFactory)? = nil
  ) {
    self.middleware = middleware
    self.timeout = timeout
    self.eventBufferSize = eventBufferSize
    self.metricsFactory = metricsFactory
    self.logger = logger ?? Self.defaultLogger
  }

  /// A logger that writes to standard error where the environment has `DEBUG_DEPLOYMENT=true`, and
  /// else says nothing.
  public static var defaultLogger: Logger {
    let isDebugging = getenv("DEBUG_DEPLOYMENT").map { String(cString: $0) == "true" } ?? false
    guard isDebugging else { return Logger(label: "gitstate") { _ in SwiftLogNoOpLogHandler() } }
    var logger = Logger(label: "gitstate") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = .debug
    return logger
  }
}
