/// What gitattributes say of a path.
public enum AttributeValue: Hashable, Sendable {
  /// Nothing.
  case unspecified
  /// `name`
  case set
  /// `-name`
  case unset
  /// `name=value`
  case value(String)
}
