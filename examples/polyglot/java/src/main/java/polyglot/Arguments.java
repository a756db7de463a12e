package polyglot;

/** The command line. */
final class Arguments {
  private Arguments() {}

  /** The port of {@code --port=}, or the usual one. */
  static int port(String[] given) {
    for (String each : given) {
      if (each.startsWith("--port=")) {
        return Integer.parseInt(each.substring("--port=".length()));
      }
    }
    return 50051;
  }
}
