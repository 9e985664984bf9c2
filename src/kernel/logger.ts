/** Values that may be logged: no object of ours leaves the process by accident. */
export type LogField = string | number | boolean | undefined | readonly string[] | Error;
export type LogFields = Readonly<Record<string, LogField>>;

/** Port of telemetry/: structured, one line an event. Secrets never reach it (kernel/secret.ts prints `[redacted]`). */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export const silentLogger: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
