import { createLogger, format, type Logger as WinstonLogger, transports } from "winston";
import type { Clock } from "../kernel/clock.ts";
import type { LogField, LogFields, Logger } from "../kernel/logger.ts";
import { describeError, redactText } from "./redact.ts";

/** From the chattiest to the quietest. */
export const logLevels = ["debug", "info", "warn", "error"] as const;
/** The least important events that are still written. */
export type LogLevel = (typeof logLevels)[number];

/** What a logger is made of. */
export interface JsonLoggerOptions {
  readonly level: LogLevel;
  /** Where lines go: standard output, or standard error on a terminal. A reader that goes away is no reason to end. */
  readonly stream: NodeJS.WritableStream;
  readonly clock: Clock;
}

/** Longest value of a field, in characters; list entries count each. */
const maxTextLength = 4096;
/** Most entries of a list that are written. */
const maxListLength = 32;
/** What we write ourselves; a field of the same name gets an underscore. */
const reserved = new Set(["time", "level", "msg"]);

/** Writes one line of JSON an event: `time`, `level`, `msg`, then the fields. Errors become their text, code and causes; a stack only where a defect is suspected. */
export function createJsonLogger(options: JsonLoggerOptions): Logger {
  // A closed pipe (`countersign … | head`) ends what we write, not what we do.
  options.stream.on("error", () => {});
  const winston = createLogger({
    level: options.level,
    levels: { error: 0, warn: 1, info: 2, debug: 3 },
    // The line is made below: winston's own formats print an Error as {} and glue a field named "message" to the text.
    format: format.printf((info) => String(info.message)),
    transports: [new transports.Stream({ stream: options.stream })],
  });
  return {
    debug: (message, fields) => write(winston, "debug", { message, fields, clock: options.clock }),
    info: (message, fields) => write(winston, "info", { message, fields, clock: options.clock }),
    warn: (message, fields) => write(winston, "warn", { message, fields, clock: options.clock }),
    error: (message, fields) => write(winston, "error", { message, fields, clock: options.clock }),
  };
}

/** The same logger with fields that stand on every line, such as the `reconcileID` of one pass; a field of the call wins. */
export function withFields(logger: Logger, fixed: LogFields): Logger {
  return {
    debug: (message, fields) => logger.debug(message, { ...fixed, ...fields }),
    info: (message, fields) => logger.info(message, { ...fixed, ...fields }),
    warn: (message, fields) => logger.warn(message, { ...fixed, ...fields }),
    error: (message, fields) => logger.error(message, { ...fixed, ...fields }),
  };
}

interface Entry {
  readonly message: string;
  readonly fields: LogFields | undefined;
  readonly clock: Clock;
}

function write(winston: WinstonLogger, level: LogLevel, entry: Entry): void {
  if (!winston.isLevelEnabled(level)) return;
  winston.log(level, formatLine(level, entry));
}

function formatLine(level: LogLevel, entry: Entry): string {
  const line: [string, unknown][] = [
    ["time", new Date(entry.clock.now()).toISOString()],
    ["level", level],
    ["msg", cut(entry.message)],
  ];
  for (const [name, value] of Object.entries(entry.fields ?? {})) line.push(...flatten(reserved.has(name) ? `${name}_` : name, value));
  // fromEntries defines own members: a field named "__proto__" is one like any other.
  return JSON.stringify(Object.fromEntries(line));
}

function flatten(name: string, value: LogField): [string, unknown][] {
  if (value === undefined) return [];
  if (typeof value === "string") return [[name, cut(value)]];
  if (typeof value === "number") return [[name, Number.isFinite(value) ? value : String(value)]];
  if (typeof value === "boolean") return [[name, value]];
  if (!(value instanceof Error)) return [[name, value.slice(0, maxListLength).map((item) => cut(item))]];
  const { message, code, causes, stack } = describeError(value);
  const described: [string, unknown][] = [[name, cut(message)]];
  if (code !== undefined) described.push([`${name}Code`, code]);
  if (causes.length > 0) described.push([`${name}Causes`, causes.map((cause) => cut(cause))]);
  if (stack !== undefined) described.push([`${name}Stack`, cut(stack)]);
  return described;
}

function cut(value: string): string {
  const text = redactText(value.length > maxTextLength ? value.slice(0, maxTextLength) : value);
  return value.length > maxTextLength ? `${text}…` : text;
}
