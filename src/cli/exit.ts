/** Exit codes of every command (docs/reference/cli.md). A command that did not finish never exits 0. */
export const exitCodes = {
  /** Every image is allowed; the command did what it was asked. */
  ok: 0,
  /** An image is denied; an object is not accepted; a named object does not exist. */
  no: 1,
  /** No image is denied, but one could not be judged. */
  inconclusive: 2,
  /** The command line, or the configuration it names, cannot be used (sysexits EX_USAGE). */
  usage: 64,
  /** The command itself failed: nothing may be concluded (sysexits EX_SOFTWARE). */
  failure: 70,
  /** Stopped by a signal before it had an answer (128 + SIGINT, as shells count). */
  interrupted: 130,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
