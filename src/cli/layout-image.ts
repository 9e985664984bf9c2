import { type Digest, parseDigest } from "../oci/digest.ts";
import { CliError } from "./cli-error.ts";

const scheme = "oci:";

/** An image of a directory: `oci:DIR`, or `oci:DIR@sha256:…`. */
export interface LayoutName {
  readonly directory: string;
  /** Absent: the only image that is there. */
  readonly digest?: Digest;
}

/** Whether an argument names an image layout rather than an image of a registry; `docker.io/library/oci` has to be written out. */
export function isLayout(image: string): boolean {
  return image.startsWith(scheme);
}

/** @throws CliError CLI_USAGE */
export function parseLayout(image: string): LayoutName {
  const rest = image.slice(scheme.length);
  // A directory may have "@" in its name; what looks like a digest and is none is a slip.
  const at = /@sha\d+:[^/]*$/.exec(rest)?.index;
  const directory = at === undefined ? rest : rest.slice(0, at);
  const digest = at === undefined ? undefined : parseDigest(rest.slice(at + 1));
  if (directory === "") throw new CliError("CLI_USAGE", `"${image}" names no directory`, { advice: "write oci:DIR or oci:DIR@sha256:…" });
  if (at !== undefined && digest === undefined)
    throw new CliError("CLI_USAGE", `"${image}" has "@" that no sha256 or sha512 digest in lower case follows`, {
      advice: "write oci:DIR@sha256:… with 64 hexadecimal digits",
    });
  return { directory, ...(digest !== undefined && { digest }) };
}
