import { parsed, type Schema, text } from "./schema.ts";

/** A step out of the directory, or what no path has: control characters. Whether it lies below `--file-root` is checked when it is opened. */
const forbidden = "(^|/)[.][.](/|$)|[\\x00-\\x1f\\x7f]";

/** A path on the operator's disk. Not echoed: where files lie is nobody's business. */
export function filePathField(description: string): Schema<string, "present"> {
  const message = 'must be a path without ".." and control characters';
  const wrong = new RegExp(forbidden, "u");
  return parsed(text(description, { minLength: 1, maxLength: 1024 }), { rule: `!self.matches(r'${forbidden}')`, message }, (value) =>
    wrong.test(value) ? { ok: false, message } : { ok: true, value },
  );
}
