const redacted = "[redacted]";
const inspectCustom = Symbol.for("nodejs.util.inspect.custom");

/** A value that cannot be printed: every way to turn it into text says `[redacted]`. Only `reveal()` gives it, at the place that puts it on the wire. */
export class Secret<T = string> {
  readonly #value: T;
  constructor(value: T) {
    this.#value = value;
  }
  reveal(): T {
    return this.#value;
  }
  toString(): string {
    return redacted;
  }
  toJSON(): string {
    return redacted;
  }
  [Symbol.toPrimitive](): string {
    return redacted;
  }
  [inspectCustom](): string {
    return redacted;
  }
}
