import type { Digest } from "./digest.ts";
import type { Repository } from "./repository.ts";

/** An image reference, parsed once by a strict ASCII parser (never by `new URL`); tag and digest are kept as they were written. */
export interface Reference {
  readonly repository: Repository;
  readonly tag?: string;
  readonly digest?: Digest;
}
