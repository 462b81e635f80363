internal import CGit2

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

extension AttributeValue {
  /// What libgit2 has for a value.
  init(_ value: UnsafePointer<CChar>?) {
    self =
      switch git_attr_value(value) {
      case GIT_ATTR_VALUE_TRUE: .set
      case GIT_ATTR_VALUE_FALSE: .unset
      case GIT_ATTR_VALUE_STRING: .value(text(value) ?? "")
      default: .unspecified
      }
  }
}
