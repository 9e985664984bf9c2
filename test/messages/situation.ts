import { tmpdir } from "node:os";
import { type Failure, remedies } from "../../src/api/error-class.ts";
import { describeError } from "../../src/cli/error-text.ts";
import { CodedError } from "../../src/kernel/error.ts";

/** One way in which something goes wrong, and what a person then reads: made by the code that says it, never written down here. */
export interface Situation {
  /** Ends the sentence that begins with "when". */
  readonly when: string;
  readonly says: () => Promise<string> | string;
}
export type Situations = readonly Situation[];

/** What is printed of an error that `work` throws, with its exit code and remedy. */
export async function thrown(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    return printed(error);
  }
  throw new TypeError("nothing was thrown");
}

export function printed(error: unknown): string {
  if (!(error instanceof CodedError)) throw error;
  const { text, exit } = describeError(error);
  return `${text}exit ${exit}, ${error.remedy}`;
}

/** What went wrong with a registry, as statuses and reports have it: class, message, and what the class says is to be done. */
export function failureText({ class: errorClass, message }: Failure): string {
  return `${errorClass}: ${message}\nwhat to do: ${remedies[errorClass]}`;
}

/** Without what is another one every time: temporary directories, ports of loopback, digests of keys that were just made. */
export function scrubbed(text: string): string {
  return (
    text
      .replaceAll(new RegExp(`${tmpdir()}/countersign-\\w+-\\w+`, "g"), "/scratch")
      .replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:5000")
      // How deep the YAML library gets depends on the stack that is left.
      .replaceAll(/:\d+(?=: is nested too deeply)/g, ":…")
      .replaceAll(/sha256:[0-9a-f]{64}/g, "sha256:…")
  );
}
