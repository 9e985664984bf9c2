import type { Digest } from "./digest.ts";

/** image-spec v1.1.1 §descriptor. `size` is bytes. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  /** Absent where the listing did not say; the manifest's own bytes decide. */
  readonly artifactType?: string;
  readonly annotations?: ReadonlyMap<string, string>;
}
